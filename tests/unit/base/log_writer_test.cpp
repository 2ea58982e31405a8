// What comes of log lines, as seen by who reads standard error: processes of their own log, and end in many
// ways.
#include "node/base/log_writer.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "node/base/log.hpp"
#include "node/base/result.hpp"

using namespace gridmail;

namespace {

/// A process whose standard error is read here, write by write.
class Logging {
 public:
  explicit Logging(const std::function<void()>& what) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
    std::fflush(nullptr);
    child_ = ::fork();
    REQUIRE(child_ >= 0);
    if (child_ == 0) {
      ::dup2(ends[1], STDERR_FILENO);
      ::close(ends[0]);
      ::close(ends[1]);
      for (const int number : {SIGABRT, SIGSEGV}) std::signal(number, SIG_DFL);  // not doctest's
      what();
      ::_exit(0);
    }
    ::close(ends[1]);
    reads_ = ends[0];
  }
  ~Logging() {
    ::close(reads_);
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
  }
  Logging(const Logging&) = delete;
  Logging& operator=(const Logging&) = delete;

  /// Of the next write; empty at the end.
  std::string read() {
    std::string text(256 * 1024, '\0');
    const auto size = ::recv(reads_, text.data(), text.size(), 0);
    REQUIRE(size >= 0);
    text.resize(static_cast<std::size_t>(size));
    return text;
  }
  /// Up to the end, which is then waited for.
  std::string read_all() {
    std::string all;
    for (auto text = read(); !text.empty(); text = read()) {
      all += text;
      ++writes;
    }
    ::waitpid(std::exchange(child_, -1), &status, 0);
    return all;
  }

  std::size_t writes = 0;
  int status = 0;

 private:
  pid_t child_ = -1;
  int reads_ = -1;
};

/// The events of lines that are whole.
std::vector<std::string> events(const std::string& text) {
  std::vector<std::string> found;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    REQUIRE(end != std::string::npos);
    const auto line = text.substr(at, end - at);
    const auto event = line.find(' ', line.find(' ') + 1) + 1;
    found.push_back(line.substr(event, line.find(' ', event) - event));
    at = end + 1;
  }
  return found;
}

using Events = std::vector<std::string>;

}  // namespace

TEST_CASE("lines that come together are written together, and none is lost at the end") {
  Logging process([] {
    for (int i = 0; i < 5000; ++i) log(Level::info, "test.line", {{"number", i}});
    std::exit(0);
  });
  const auto text = process.read_all();
  CHECK(events(text).size() == 5000);
  CHECK(text.find("number=0\n") < text.find("number=4999\n"));
  CHECK(process.writes < 500);
}

TEST_CASE("a line that is alone is written soon") {
  Logging process([] {
    log(Level::info, "test.alone");
    for (;;) ::pause();
  });
  CHECK(events(process.read()) == Events{"test.alone"});
}

TEST_CASE("an error is written at once, behind what waited") {
  Logging process([] {
    log(Level::warn, "test.before");
    log(Level::error, "test.error");
    ::raise(SIGKILL);
  });
  CHECK(events(process.read_all()) == Events{"test.before", "test.error"});
}

TEST_CASE("a process that aborts, or fails an assertion, or faults has written its lines") {
  Logging aborted([] {
    write_log_when_dying();
    log(Level::info, "test.last");
    std::abort();
  });
  CHECK(events(aborted.read_all()) == Events{"test.last"});
  CHECK(WTERMSIG(aborted.status) == SIGABRT);

  Logging failed([] {
    log(Level::info, "test.last");
    assertion_failed("so", "file", 1);
  });
  const auto text = failed.read_all();
  CHECK(text.find("test.last\nassertion failed: so") != std::string::npos);
  CHECK(WTERMSIG(failed.status) == SIGABRT);

  Logging faulted([] {
    write_log_when_dying();
    log(Level::info, "test.last");
    ::raise(SIGSEGV);
  });
  CHECK(events(faulted.read_all()) == Events{"test.last"});
  CHECK(WTERMSIG(faulted.status) == SIGSEGV);
}

TEST_CASE("what waits in a process that forks is written once, and its child logs too") {
  Logging process([] {
    log(Level::info, "test.parent");
    const auto child = ::fork();
    log(Level::info, child == 0 ? "test.child" : "test.parent");
    if (child > 0) ::waitpid(child, nullptr, 0);
    std::exit(0);
  });
  auto found = events(process.read_all());
  std::sort(found.begin(), found.end());
  CHECK(found == Events{"test.child", "test.parent", "test.parent"});
}

TEST_CASE("threads do not mix their lines, long ones among them") {
  Logging process([] {
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([] {
        for (std::size_t i = 0; i < 500; ++i)
          log(Level::info, "test.line", {{"text", std::string(i % 100 == 0 ? 100'000 : 10, 'x')}});
      });
    }
    for (auto& thread : threads) thread.join();
    std::exit(0);
  });
  const auto found = events(process.read_all());
  CHECK(found == Events(2000, "test.line"));
}
