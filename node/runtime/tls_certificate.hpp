// Keys and self-signed certificates, made with OpenSSL.
#pragma once
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace gridmail {

struct OpenSslDelete {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using PrivateKey = std::unique_ptr<EVP_PKEY, OpenSslDelete>;
using Certificate = std::unique_ptr<X509, OpenSslDelete>;
using OpenSslBio = std::unique_ptr<BIO, OpenSslDelete>;

/// The oldest error in OpenSSL's queue of this thread, as text; empties the queue.
[[nodiscard]] std::string take_openssl_error();

/// Fresh key pairs. They throw std::runtime_error when OpenSSL cannot (start-up only).
[[nodiscard]] PrivateKey generate_ed25519_key();
[[nodiscard]] PrivateKey generate_p256_key();

/// A certificate for `name` (common name and DNS subject alternative name), signed by its own key and valid
/// from 1970 to 9999 (RFC 5280, 4.1.2.5): who pins a key does not look at dates, and a node's clock may be
/// wrong. Throws as above.
[[nodiscard]] Certificate self_signed_certificate(EVP_PKEY& key, const std::string& name);

}  // namespace gridmail
