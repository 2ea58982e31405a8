#include "node/runtime/pem_certificate.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "node/base/bytes.hpp"

namespace gridmail {
namespace {

constexpr std::size_t chain_length_max = 16;
constexpr int rsa_bits_min = 2048;

OpenSslBio reader_of(std::string_view text) {
  return OpenSslBio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Without one OpenSSL asks at the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

WallMicros micros_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  return static_cast<WallMicros>(timegm(&parts)) * 1'000'000;
}

std::string text_of(const ASN1_STRING* string) {
  unsigned char* utf8 = nullptr;
  const int size = string == nullptr ? -1 : ASN1_STRING_to_UTF8(&utf8, string);
  if (size < 0) return {};
  std::string text(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return text;
}

std::string name_entry(const X509_NAME* name, int nid) {
  const int at = X509_NAME_get_index_by_NID(name, nid, -1);
  return at < 0 ? std::string() : text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
}

std::string taken_from(const OpenSslBio& out) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string issuer_of(const X509& certificate) {
  const auto* const name = X509_get_issuer_name(&certificate);
  for (const int nid : {NID_commonName, NID_organizationName}) {
    if (auto text = name_entry(name, nid); !text.empty()) return text;
  }
  const OpenSslBio out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253);
  return taken_from(out);
}

std::vector<std::string> dns_names_of(const X509& certificate) {
  std::vector<std::string> names;
  auto* const all =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const auto* const name = sk_GENERAL_NAME_value(all, i);
    if (name->type != GEN_DNS) continue;
    auto text = text_of(name->d.dNSName);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    names.push_back(std::move(text));
  }
  GENERAL_NAMES_free(all);
  return names;
}

/// RSA of today's sizes, the curves of RFC 8422 that clients have, Ed25519.
bool is_common(EVP_PKEY* key) {
  if (key == nullptr) return false;
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return true;
  if (EVP_PKEY_is_a(key, "RSA") == 1) return EVP_PKEY_get_bits(key) >= rsa_bits_min;
  if (EVP_PKEY_is_a(key, "EC") != 1) return false;
  std::array<char, 64> group{};
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) != 1) return false;
  const auto curve = OBJ_txt2nid(group.data());
  return curve == NID_X9_62_prime256v1 || curve == NID_secp384r1 || curve == NID_secp521r1;
}

}  // namespace

Result<CertificateChain> parse_chain(std::string_view pem) {
  const auto in = reader_of(pem);
  CertificateChain chain;
  while (chain.size() < chain_length_max) {
    Certificate next(PEM_read_bio_X509(in.get(), nullptr, no_passphrase, nullptr));
    if (!next) break;
    chain.push_back(std::move(next));
  }
  const auto last = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  if (chain.empty() || !at_end) {
    return fail(Errc::invalid, chain.size() == chain_length_max
                                   ? "a chain of more certificates than any needs"
                                   : "the certificate: " + take_openssl_error());
  }
  ERR_clear_error();
  return chain;
}

std::string to_pem(const CertificateChain& chain) {
  const OpenSslBio out(BIO_new(BIO_s_mem()));
  for (const auto& certificate : chain) PEM_write_bio_X509(out.get(), certificate.get());
  return taken_from(out);
}

Result<void> check_for_clients(const CertificateChain& chain) {
  if (!is_common(X509_get0_pubkey(chain.front().get()))) {
    return fail(Errc::invalid,
                "mail clients may not know such a key: RSA of 2048 bits, P-256 and P-384 will do");
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    auto* const issuer = chain[i].get();
    auto* const issued = chain[i - 1].get();
    if (X509_check_issued(issuer, issued) == X509_V_OK &&
        X509_verify(issued, X509_get0_pubkey(issuer)) == 1) {
      continue;
    }
    ERR_clear_error();
    return fail(Errc::invalid,
                fmt::format("certificate {} of the file did not issue the one before it", i + 1));
  }
  return {};
}

Result<PrivateKey> parse_key(std::string_view pem) {
  const auto in = reader_of(pem);
  PrivateKey key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr));
  if (!key) return fail(Errc::invalid, "the key: " + take_openssl_error());
  return key;
}

CertificateFacts facts_of(const X509& certificate) {
  CertificateFacts facts;
  facts.names = dns_names_of(certificate);
  facts.issuer = issuer_of(certificate);
  facts.not_before = micros_of(X509_get0_notBefore(&certificate));
  facts.not_after = micros_of(X509_get0_notAfter(&certificate));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  X509_digest(&certificate, EVP_sha256(), digest.data(), &size);
  facts.fingerprint = to_hex(BytesView(reinterpret_cast<const char*>(digest.data()), size));
  return facts;
}

}  // namespace gridmail
