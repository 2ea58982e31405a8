// Certificates and keys out of PEM text (RFC 7468), and what people want to know of them.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "node/base/clock.hpp"
#include "node/base/result.hpp"
#include "node/runtime/tls_certificate.hpp"

namespace gridmail {

/// The server's own first (RFC 8446, 4.4.2); never empty.
using CertificateChain = std::vector<Certificate>;

/// Errors: invalid (no certificate, or one of them cannot be read).
[[nodiscard]] Result<CertificateChain> parse_chain(std::string_view pem);
/// The certificates alone: a file may hold its private key as well.
[[nodiscard]] std::string to_pem(const CertificateChain& chain);
/// Errors: invalid: a certificate that did not issue the one before it (RFC 5246, 7.4.2), or a key that
/// clients cannot be expected to know.
[[nodiscard]] Result<void> check_for_clients(const CertificateChain& chain);
/// Errors: invalid; a key that needs a passphrase is one.
[[nodiscard]] Result<PrivateKey> parse_key(std::string_view pem);

struct CertificateFacts {
  std::vector<std::string> names;  ///< DNS names (RFC 5280, 4.2.1.6), in lower case, in their order
  std::string issuer;              ///< its common name, or organization, or all of it
  WallMicros not_before = 0, not_after = 0;
  std::string fingerprint;  ///< SHA-256, hex
};
[[nodiscard]] CertificateFacts facts_of(const X509& certificate);

}  // namespace gridmail
