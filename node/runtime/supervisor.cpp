#include "node/runtime/supervisor.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace gridmail {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// sd_watchdog_enabled(3): the variables may be meant for a parent.
std::optional<Duration> wanted_watchdog() {
  const auto micros = number_in(environment("WATCHDOG_USEC"));
  const auto pid = environment("WATCHDOG_PID");
  if (!micros || *micros == 0) return std::nullopt;
  if (!pid.empty() && number_in(pid) != static_cast<std::uint64_t>(::getpid())) return std::nullopt;
  return std::chrono::microseconds(*micros);
}

}  // namespace

Supervisor Supervisor::from_environment() {
  return Supervisor(std::string(environment("NOTIFY_SOCKET")), wanted_watchdog());
}

void Supervisor::tell(std::string_view variables) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  // unix(7): an abstract name begins with a zero byte, and its length counts.
  if (socket_.front() == '@') address.sun_path[0] = '\0';
  const int out = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (out < 0) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  (void)::sendto(out, variables.data(), variables.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&address), length);
  ::close(out);
}

}  // namespace gridmail
