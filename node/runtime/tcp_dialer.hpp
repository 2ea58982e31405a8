// TcpDialer: the Dialer port over TCP and TLS.
#pragma once
#include "node/runtime/dialer.hpp"
#include "node/runtime/tls_context.hpp"

namespace gridmail {

/// Thread-safe. The clock outlives it and its streams.
class TcpDialer final : public Dialer {
 public:
  explicit TcpDialer(Clock& clock);
  [[nodiscard]] Task<Result<std::unique_ptr<Stream>>> connect(std::string address, std::uint16_t port,
                                                              TimePoint deadline,
                                                              std::string verified_name) override;

 private:
  Clock& clock_;
  const TlsContext tls_;
  const TlsContext verifying_tls_;  ///< with the system's roots
};

}  // namespace gridmail
