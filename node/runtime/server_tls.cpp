#include "node/runtime/server_tls.hpp"

#include <openssl/x509v3.h>

#include <stdexcept>

namespace gridmail {
namespace {

using Shared = std::vector<TlsContext>;

/// Owns the list that a context's call-back looks through: a connection keeps the context that it began with.
int shared_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* shared, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Shared*>(shared); });
  return index;
}

/// Called again after a HelloRetryRequest, when the connection has another context already.
int choose_by_name(SSL* connection, int*, void* shared) {
  const char* const name = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_OK;
  // A certificate for this very name counts before one for all names of its domain.
  for (const unsigned flags : {unsigned{X509_CHECK_FLAG_NO_WILDCARDS}, 0U}) {
    for (const auto& context : *static_cast<const Shared*>(shared)) {
      if (X509_check_host(SSL_CTX_get0_certificate(context.get()), name, 0, flags, nullptr) != 1) continue;
      SSL_set_SSL_CTX(connection, context.get());
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_OK;  // a name that nobody has gets what there is (RFC 6066, section 3, allows both)
}

/// A context of its own with the same certificate, to carry the call-back.
TlsContext copy_of(SSL_CTX& context) {
  auto copy = make_tls_context(TLS_server_method(), TLS1_2_VERSION);
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(&context, &chain);
  if (SSL_CTX_use_cert_and_key(copy.get(), SSL_CTX_get0_certificate(&context),
                               SSL_CTX_get0_privatekey(&context), chain, 1) != 1) {
    throw std::runtime_error("TLS context: " + take_openssl_error());
  }
  return copy;
}

}  // namespace

Result<TlsContext> server_context(const CertificateChain& chain, EVP_PKEY& key) {
  auto context = make_tls_context(TLS_server_method(), TLS1_2_VERSION);
  if (auto used = use_certificate(*context, *chain.front(), key); !used) return tl::unexpected(used.error());
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context.get(), chain[i].get()) != 1) {
      return fail(Errc::invalid, take_openssl_error());
    }
  }
  return context;
}

ServerTls::ServerTls(TlsContext own, Own kind) : kind_(kind), own_(std::move(own)), current_(own_) {}

TlsContext ServerTls::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

std::optional<CertificateFacts> ServerTls::configured() const {
  if (kind_ == Own::stopgap) return std::nullopt;
  const std::lock_guard lock(mutex_);
  return facts_of(*SSL_CTX_get0_certificate(own_.get()));
}

void ServerTls::replace_own(TlsContext own) {
  const std::lock_guard lock(mutex_);
  own_ = std::move(own);
  build();
}

void ServerTls::replace_shared(std::vector<TlsContext> shared) {
  const std::lock_guard lock(mutex_);
  shared_ = std::move(shared);
  build();
}

void ServerTls::build() {
  if (shared_.empty()) {
    current_ = own_;
    return;
  }
  auto next = copy_of(kind_ == Own::stopgap ? *shared_.front() : *own_);
  auto* const shared = new Shared(shared_);
  SSL_CTX_set_ex_data(next.get(), shared_index(), shared);
  SSL_CTX_set_tlsext_servername_arg(next.get(), shared);
  SSL_CTX_set_tlsext_servername_callback(next.get(), choose_by_name);
  current_ = std::move(next);
}

}  // namespace gridmail
