#include "node/cli/mail_port.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace gridmail::cli {
namespace {

constexpr std::size_t line_max = 512;  // RFC 5321, section 4.5.3.1.5

using Instant = std::chrono::steady_clock::time_point;

class Socket {
 public:
  explicit Socket(int handle) : handle_(handle) {}
  ~Socket() {
    if (handle_ >= 0) ::close(handle_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int handle() const { return handle_; }

 private:
  int handle_;
};

Result<void> wait_for(int handle, short what, Instant until) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  pollfd waiting{handle, what, 0};
  if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0)
    return fail(Errc::timed_out, "no answer");
  return {};
}

Result<void> connect_to(int handle, const addrinfo& address, Instant until) {
  if (::connect(handle, address.ai_addr, address.ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return fail(Errc::unavailable, std::strerror(errno));
  if (auto writable = wait_for(handle, POLLOUT, until); !writable) return writable;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(handle, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return fail(Errc::unavailable, std::strerror(error));
  return {};
}

Result<std::string> first_line(int handle, Instant until) {
  std::string text;
  while (text.find('\n') == std::string::npos && text.size() < line_max) {
    if (auto readable = wait_for(handle, POLLIN, until); !readable) return tl::unexpected(readable.error());
    char bytes[line_max];
    const auto count = ::recv(handle, bytes, sizeof bytes, 0);
    if (count <= 0) return fail(Errc::unavailable, "it hung up without a word");
    text.append(bytes, static_cast<std::size_t>(count));
  }
  return text.substr(0, text.find_first_of("\r\n"));
}

Result<std::string> greeting_at(const addrinfo& address, Instant until) {
  const Socket socket(
      ::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address.ai_protocol));
  if (socket.handle() < 0) return fail(Errc::unavailable, std::strerror(errno));
  if (auto connected = connect_to(socket.handle(), address, until); !connected)
    return tl::unexpected(connected.error());
  auto line = first_line(socket.handle(), until);
  static_cast<void>(::send(socket.handle(), "QUIT\r\n", 6, MSG_NOSIGNAL));
  if (line && !line->starts_with("220")) return fail(Errc::corrupted, fmt::format("it says \"{}\"", *line));
  return line;
}

}  // namespace

Result<std::string> mail_greeting(const std::string& host, const std::string& port,
                                  std::chrono::milliseconds timeout) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int failed = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); failed != 0)
    return fail(Errc::unavailable, ::gai_strerror(failed));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  Result<std::string> greeting = fail(Errc::unavailable, "it has no address");
  for (const auto* address = found; address != nullptr && !greeting; address = address->ai_next)
    greeting = greeting_at(*address, std::chrono::steady_clock::now() + timeout);
  return greeting;
}

}  // namespace gridmail::cli
