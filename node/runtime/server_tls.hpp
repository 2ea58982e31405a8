// The certificate that a client is shown: the node's own, or the one that all nodes share for the name it
// asks for.
#pragma once
#include <mutex>
#include <optional>
#include <vector>

#include "node/runtime/pem_certificate.hpp"
#include "node/runtime/tls_context.hpp"

namespace gridmail {

/// For clients' connections: TLS 1.2 and 1.3. Errors: invalid (the key is not the first certificate's).
[[nodiscard]] Result<TlsContext> server_context(const CertificateChain& chain, EVP_PKEY& key);

/// The context that new handshakes use. By the name that the client sends (SNI, RFC 6066, section 3) it finds
/// the first shared certificate that has it (RFC 6125, 6.4). Thread-safe; a renewed certificate comes in
/// without a restart, and connections that are up keep what they began with.
class ServerTls {
 public:
  /// A stopgap is shown only while nothing is shared.
  enum class Own : std::uint8_t { configured, stopgap };
  ServerTls(TlsContext own, Own kind);
  [[nodiscard]] TlsContext current() const;
  [[nodiscard]] bool is_stopgap() const { return kind_ == Own::stopgap; }
  /// Of the configured one; nothing: there is only a stopgap.
  [[nodiscard]] std::optional<CertificateFacts> configured() const;
  void replace_own(TlsContext own);
  /// The first one goes to who asks for no name or one that nobody has, where the own one is a stopgap.
  void replace_shared(std::vector<TlsContext> shared);

 private:
  void build();

  const Own kind_;
  mutable std::mutex mutex_;
  TlsContext own_;
  std::vector<TlsContext> shared_;
  TlsContext current_;
};

}  // namespace gridmail
