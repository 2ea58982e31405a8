// LogWriter: log lines on their way to a file descriptor, many with one call of the system.
#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <string_view>

namespace gridmail {

/// A line is written within `written_within`, or when so many wait that they fill the buffer; one that must
/// not wait takes those before it along. Lines are neither lost nor mixed. Thread-safe; it lives until the
/// process ends, for others may log until then. Its thread begins with the first line that waits; a forked
/// process begins with an empty buffer, and gets a thread of its own.
class LogWriter {
 public:
  static constexpr auto written_within = std::chrono::milliseconds(10);

  /// Of standard error. What waits when the process ends by exit() is written then, and later lines at once.
  [[nodiscard]] static LogWriter& of_errors();

  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// `line` ends with its newline.
  void write(std::string_view line, bool at_once);
  /// Before the process is replaced or aborted.
  void flush();

  /// In a signal's handler, when the process is about to die: takes no lock. What another thread is just
  /// writing may be written twice.
  void flush_dying() const;

 private:
  void begin_thread();
  void run();
  // Under the mutex.
  void append(std::string_view line);
  void write_waiting();

  explicit LogWriter(int file) : file_(file) {}
  static void prepare_for_end();

  const int file_;
  std::mutex mutex_;
  std::array<char, 64 * 1024> waiting_{};
  std::atomic<std::size_t> used_{0};
  bool has_thread_ = false;
  bool is_ending_ = false;
};

/// Where a signal would end the process (an abort, a fault), standard error first gets what waits.
void write_log_when_dying();

}  // namespace gridmail
