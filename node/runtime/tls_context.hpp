// What TLS connections of one kind share: protocol versions, certificate, key.
#pragma once
#include <openssl/ssl.h>

#include <filesystem>
#include <memory>
#include <string>

#include "node/base/result.hpp"
#include "node/runtime/tls_certificate.hpp"

namespace gridmail {

/// Immutable once built; any number of connections on any threads use it.
using TlsContext = std::shared_ptr<SSL_CTX>;

/// An empty context with what every connection here needs: buffers held only while busy, partial writes, no
/// renegotiation, no compression, no session cache. Fetches OpenSSL's algorithms: not per connection. Also
/// has the process ignore SIGPIPE. Throws std::runtime_error.
[[nodiscard]] TlsContext make_tls_context(const SSL_METHOD* method, int version_min);

/// Gives `context` its certificate and key. Errors: invalid.
[[nodiscard]] Result<void> use_certificate(SSL_CTX& context, X509& certificate, EVP_PKEY& key);

/// For clients' connections: TLS 1.2 and 1.3. Errors: invalid, with the file and OpenSSL's reason.
[[nodiscard]] Result<TlsContext> load_server_context(const std::filesystem::path& certificate_chain_pem,
                                                     const std::filesystem::path& key_pem);
/// Where no certificate is configured: a fresh EC P-256 key, signed by itself.
[[nodiscard]] TlsContext self_signed_server_context(const std::string& hostname);

}  // namespace gridmail
