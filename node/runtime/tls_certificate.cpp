#include "node/runtime/tls_certificate.hpp"

#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <stdexcept>
#include <system_error>

namespace gridmail {
namespace {

void require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string(what) + ": " + take_openssl_error());
}

void add_extension(X509& certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, &certificate, &certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  require(extension != nullptr, "certificate extension");
  X509_add_ext(&certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void set_random_serial(X509& certificate) {
  unsigned char bytes[16];
  require(RAND_bytes(bytes, sizeof bytes) == 1, "random serial number");
  bytes[0] &= 0x7f;  // positive (RFC 5280, 4.1.2.2)
  BIGNUM* number = BN_bin2bn(bytes, sizeof bytes, nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(&certificate));
  BN_free(number);
}

}  // namespace

std::string take_openssl_error() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  if (ERR_SYSTEM_ERROR(code)) return std::generic_category().message(ERR_GET_REASON(code));
  if (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE)
    return "not a PEM file of its kind";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : fmt::format("OpenSSL error {:x}", code);
}

PrivateKey generate_ed25519_key() {
  PrivateKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  require(key != nullptr, "Ed25519 key");
  return key;
}

PrivateKey generate_p256_key() {
  PrivateKey key(EVP_EC_gen("P-256"));
  require(key != nullptr, "P-256 key");
  return key;
}

Certificate self_signed_certificate(EVP_PKEY& key, const std::string& name) {
  Certificate certificate(X509_new());
  require(certificate != nullptr, "certificate");
  auto& x509 = *certificate;
  X509_set_version(&x509, X509_VERSION_3);
  set_random_serial(x509);
  ASN1_TIME_set_string(X509_getm_notBefore(&x509), "19700101000000Z");
  ASN1_TIME_set_string(X509_getm_notAfter(&x509), "99991231235959Z");
  auto* const subject = X509_get_subject_name(&x509);
  // A common name holds 64 characters (RFC 5280, appendix A.1); the alternative name holds all of it.
  const auto common = name.substr(0, 64);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common.data()),
                             static_cast<int>(common.size()), -1, 0);
  X509_set_issuer_name(&x509, subject);
  add_extension(x509, NID_subject_alt_name, "DNS:" + name);
  add_extension(x509, NID_basic_constraints, "critical,CA:FALSE");
  require(X509_set_pubkey(&x509, &key) == 1, "certificate's key");
  const bool has_own_digest = EVP_PKEY_is_a(&key, "ED25519") == 1;
  require(X509_sign(&x509, &key, has_own_digest ? nullptr : EVP_sha256()) > 0, "certificate's signature");
  return certificate;
}

}  // namespace gridmail
