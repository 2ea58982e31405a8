#include "node/base/log.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <mutex>

#include "node/base/log_writer.hpp"
#include "node/base/result.hpp"

namespace gridmail {
namespace {

std::atomic<Level> threshold{Level::info};
std::atomic<bool> as_json{false};
std::mutex sink_mutex;
std::atomic<bool> has_sink{false};
std::function<void(Level, std::string_view)> custom_sink;

/// Before each line where the journal takes what goes to standard error: its priority (sd-daemon(3),
/// SyslogLevelPrefix).
constexpr std::string_view priorities[] = {"<7>", "<6>", "<4>", "<3>"};
constexpr std::string_view level_names[] = {"debug", "info", "warn", "error"};

std::string timestamp() {
  const auto now = std::chrono::system_clock::now();
  const auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(now);
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now - seconds).count();
  const std::time_t t = std::chrono::system_clock::to_time_t(seconds);
  std::tm utc{};
  gmtime_r(&t, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, millis);
}

/// systemd.exec(5), $JOURNAL_STREAM: device and inode of the stream that it reads, so that one who has
/// redirected standard error elsewhere is not taken for it.
bool is_read_by_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat errors {};
  return stream != nullptr && ::fstat(STDERR_FILENO, &errors) == 0 &&
         fmt::format("{}:{}", errors.st_dev, errors.st_ino) == stream;
}

/// JSON string escaping; also what a quoted logfmt value needs, so that no field can forge a line.
void append_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

bool is_plain(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f || c == '"' || c == '=' || c == '\\') return false;
  }
  return true;
}

}  // namespace

void set_log_level(Level level) {
  threshold = level;
}
void set_log_json(bool json) {
  as_json = json;
}
void set_log_sink(std::function<void(Level, std::string_view)> sink) {
  const std::lock_guard lock(sink_mutex);
  custom_sink = std::move(sink);
  has_sink = custom_sink != nullptr;
}
bool log_enabled(Level level) {
  return level >= threshold.load(std::memory_order_relaxed);
}

void log(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!log_enabled(level)) return;
  const bool json = as_json;
  const auto level_name = level_names[static_cast<int>(level)];
  std::string line =
      json ? fmt::format(R"({{"time":"{}","level":"{}","event":"{}")", timestamp(), level_name, event)
           : fmt::format("{} {} {}", timestamp(), level_name, event);
  for (const auto& field : fields) {
    if (json) {
      line += fmt::format(R"(,"{}":)", field.key);
      append_quoted(line, field.value);
    } else {
      line += fmt::format(" {}=", field.key);
      if (is_plain(field.value)) {
        line += field.value;
      } else {
        append_quoted(line, field.value);
      }
    }
  }
  if (json) line.push_back('}');
  if (has_sink) {
    const std::lock_guard lock(sink_mutex);
    if (custom_sink) return custom_sink(level, line);
  }
  static const bool has_priority = is_read_by_journal();
  if (has_priority) line.insert(0, priorities[static_cast<int>(level)]);
  line.push_back('\n');
  LogWriter::of_errors().write(line, level == Level::error);
}

std::string_view name_of(Errc code) {
  switch (code) {
    case Errc::unavailable:
      return "unavailable";
    case Errc::timed_out:
      return "timed_out";
    case Errc::busy:
      return "busy";
    case Errc::no_space:
      return "no_space";
    case Errc::conflict:
      return "conflict";
    case Errc::not_primary:
      return "not_primary";
    case Errc::io:
      return "io";
    case Errc::cancelled:
      return "cancelled";
    case Errc::not_found:
      return "not_found";
    case Errc::already_exists:
      return "already_exists";
    case Errc::invalid:
      return "invalid";
    case Errc::too_large:
      return "too_large";
    case Errc::denied:
      return "denied";
    case Errc::corrupted:
      return "corrupted";
    case Errc::unsupported:
      return "unsupported";
  }
  return "unknown";
}

void assertion_failed(const char* expression, const char* file, int line) {
  LogWriter::of_errors().flush();
  std::fprintf(stderr, "assertion failed: %s at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace gridmail
