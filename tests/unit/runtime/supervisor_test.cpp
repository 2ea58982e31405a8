#include "node/runtime/supervisor.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

using namespace gridmail;

namespace {

/// A service manager's end of the socket, under an abstract name.
class Listening {
 public:
  Listening() : name("@gridmail-test-" + std::to_string(::getpid())) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name.data() + 1, name.size() - 1);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), length) == 0);
  }
  ~Listening() { ::close(socket_); }
  std::string heard() const {
    char buffer[256];
    const auto size = ::recv(socket_, buffer, sizeof buffer, MSG_DONTWAIT);
    return size < 0 ? "" : std::string(buffer, static_cast<std::size_t>(size));
  }

  std::string name;

 private:
  int socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

}  // namespace

TEST_CASE("the service manager is told over its socket") {
  const Listening manager;
  ::setenv("NOTIFY_SOCKET", manager.name.c_str(), 1);
  const auto supervisor = Supervisor::from_environment();
  ::unsetenv("NOTIFY_SOCKET");
  supervisor.tell("READY=1");
  CHECK(manager.heard() == "READY=1");
  CHECK(manager.heard().empty());
}

TEST_CASE("without a service manager nothing is told, and nothing fails") {
  Supervisor("").tell("READY=1");
  Supervisor("/nonexistent/socket").tell("READY=1");
  Supervisor(std::string(200, 'x')).tell("READY=1");
}

TEST_CASE("a watchdog meant for another process is none") {
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  CHECK(Supervisor::from_environment().watchdog() == std::chrono::seconds(30));
  ::setenv("WATCHDOG_PID", "1", 1);
  CHECK(!Supervisor::from_environment().watchdog());
  ::unsetenv("WATCHDOG_PID");
  ::setenv("WATCHDOG_USEC", "soon", 1);
  CHECK(!Supervisor::from_environment().watchdog());
  ::unsetenv("WATCHDOG_USEC");
}
