#include "node/base/log_writer.hpp"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <thread>

namespace gridmail {
namespace {

/// A file that takes nothing more loses the rest: there is no other place to say so. Safe in a signal's
/// handler.
void write_all(int file, const char* data, std::size_t size) {
  while (size > 0) {
    const auto done = ::write(file, data, size);
    if (done > 0) {
      data += done;
      size -= static_cast<std::size_t>(done);
    } else if (done < 0 && errno == EAGAIN) {
      pollfd room{file, POLLOUT, 0};
      (void)::poll(&room, 1, -1);
    } else if (done == 0 || errno != EINTR) {
      return;
    }
  }
}

/// Once: the next one, which waits until this returns, has the default action.
extern "C" void on_deadly_signal(int number) {
  LogWriter::of_errors().flush_dying();
  (void)::raise(number);
}

}  // namespace

LogWriter& LogWriter::of_errors() {
  static auto* const writer = [] {
    prepare_for_end();
    return new LogWriter(STDERR_FILENO);
  }();
  return *writer;
}

void LogWriter::prepare_for_end() {
  std::atexit([] {
    auto& writer = of_errors();
    const std::lock_guard lock(writer.mutex_);
    writer.is_ending_ = true;
    writer.write_waiting();
  });
  ::pthread_atfork([] { of_errors().mutex_.lock(); }, [] { of_errors().mutex_.unlock(); },
                   [] {
                     auto& writer = of_errors();
                     writer.used_ = 0;  // the parent writes it
                     writer.has_thread_ = false;
                     writer.mutex_.unlock();
                   });
}

void LogWriter::write(std::string_view line, bool at_once) {
  const std::lock_guard lock(mutex_);
  append(line);
  if (at_once || is_ending_) return write_waiting();
  if (!has_thread_) begin_thread();
  if (used_ == line.size()) used_.notify_one();  // the first that waits
}

void LogWriter::begin_thread() {
  // The process's signals are for threads that expect them.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread([this] { run(); }).detach();
    has_thread_ = true;
  } catch (const std::system_error&) {  // the next line tries again
    write_waiting();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void LogWriter::append(std::string_view line) {
  if (line.size() > waiting_.size() - used_) write_waiting();
  if (line.size() > waiting_.size()) return write_all(file_, line.data(), line.size());
  std::memcpy(waiting_.data() + used_, line.data(), line.size());
  used_ += line.size();
}

void LogWriter::flush() {
  const std::lock_guard lock(mutex_);
  write_waiting();
}

void LogWriter::write_waiting() {
  write_all(file_, waiting_.data(), used_);
  used_ = 0;
}

void LogWriter::flush_dying() const {
  write_all(file_, waiting_.data(), used_);
}

void LogWriter::run() {
  for (;;) {
    used_.wait(0);
    std::this_thread::sleep_for(written_within);
    flush();
  }
}

void write_log_when_dying() {
  (void)LogWriter::of_errors();
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE}) {
    struct sigaction now {};
    if (::sigaction(number, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) continue;
    now.sa_handler = on_deadly_signal;
    now.sa_flags = static_cast<int>(SA_RESETHAND | SA_ONSTACK);
    (void)::sigaction(number, &now, nullptr);
  }
}

}  // namespace gridmail
