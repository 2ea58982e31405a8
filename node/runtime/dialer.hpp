// Dialer: connections to other hosts. Sockets in production (tcp_dialer), pipes to servers of its own in the
// simulator.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "node/runtime/stream.hpp"

namespace gridmail {

class Dialer {
 public:
  virtual ~Dialer() = default;
  /// A connection to an IP address, on the caller's executor, whose start_tls() does the client's part of the
  /// handshake: with whoever answers (RFC 7435, opportunistic security), or, where `verified_name` is given,
  /// with who has a certificate for that name which the system's roots vouch for. Errors: io with the reason,
  /// timed_out.
  [[nodiscard]] virtual Task<Result<std::unique_ptr<Stream>>> connect(std::string address, std::uint16_t port,
                                                                      TimePoint deadline,
                                                                      std::string verified_name) = 0;
};

}  // namespace gridmail
