// TcpDialer: the Dialer port over TCP and TLS.
#pragma once
#include "node/runtime/dialer.hpp"
#include "node/runtime/tls_context.hpp"

namespace gridmail {

/// Thread-safe. The clock outlives it and its streams. TLS is taken with whoever answers: certificates are
/// not checked (RFC 7435, opportunistic security).
class TcpDialer final : public Dialer {
 public:
  explicit TcpDialer(Clock& clock);
  [[nodiscard]] Task<Result<std::unique_ptr<Stream>>> connect(std::string address, std::uint16_t port,
                                                              TimePoint deadline) override;

 private:
  Clock& clock_;
  const TlsContext tls_;
};

}  // namespace gridmail
