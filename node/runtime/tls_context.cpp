#include "node/runtime/tls_context.hpp"

#include <fmt/format.h>

#include <csignal>
#include <stdexcept>

namespace gridmail {
namespace {

/// OpenSSL sends with write(2), which kills the process when the peer has gone; EPIPE is what we want. Once.
void ignore_sigpipe() {
  [[maybe_unused]] static const auto before = std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace

TlsContext make_tls_context(const SSL_METHOD* method, int version_min) {
  ignore_sigpipe();
  TlsContext context(SSL_CTX_new(method), SSL_CTX_free);
  if (!context) throw std::runtime_error("TLS context: " + take_openssl_error());
  SSL_CTX_set_min_proto_version(context.get(), version_min);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Many mail clients leave without close_notify; the protocols above have ends of their own.
  SSL_CTX_set_options(context.get(),
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return context;
}

Result<void> use_certificate(SSL_CTX& context, X509& certificate, EVP_PKEY& key) {
  if (SSL_CTX_use_certificate(&context, &certificate) != 1 || SSL_CTX_use_PrivateKey(&context, &key) != 1 ||
      SSL_CTX_check_private_key(&context) != 1) {
    return fail(Errc::invalid, take_openssl_error());
  }
  return {};
}

Result<TlsContext> load_server_context(const std::filesystem::path& certificate_chain_pem,
                                       const std::filesystem::path& key_pem) {
  auto context = make_tls_context(TLS_server_method(), TLS1_2_VERSION);
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_chain_pem.c_str()) != 1) {
    return fail(Errc::invalid,
                fmt::format("certificate {}: {}", certificate_chain_pem.string(), take_openssl_error()));
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_pem.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return fail(Errc::invalid, fmt::format("key {}: {}", key_pem.string(), take_openssl_error()));
  }
  return context;
}

TlsContext self_signed_server_context(const std::string& hostname) {
  auto context = make_tls_context(TLS_server_method(), TLS1_2_VERSION);
  const auto key = generate_p256_key();
  const auto certificate = self_signed_certificate(*key, hostname);
  if (auto used = use_certificate(*context, *certificate, *key); !used)
    throw std::runtime_error(used.error().text);
  return context;
}

}  // namespace gridmail
