#include "protocols/dkim/signing_key.hpp"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium/crypto_hash_sha256.h>

namespace gridmail::dkim {
namespace {

constexpr int rsa_bits = 2048;
constexpr std::size_t seed_bytes = 32;

const unsigned char* octets(BytesView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* octets(Bytes& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

using Context = std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)>;

}  // namespace

std::string_view name_of(Algorithm algorithm) {
  return algorithm == Algorithm::rsa ? "rsa" : "ed25519";
}

std::optional<Algorithm> algorithm_named(std::string_view name) {
  for (const auto algorithm : {Algorithm::rsa, Algorithm::ed25519}) {
    if (name_of(algorithm) == name) return algorithm;
  }
  return std::nullopt;
}

SigningKey::SigningKey(evp_pkey_st* key, Algorithm algorithm)
    : key_(key, EVP_PKEY_free), algorithm_(algorithm) {}

Result<SigningKey> SigningKey::generate(Algorithm algorithm, Random& random) {
  EVP_PKEY* key = nullptr;
  if (algorithm == Algorithm::rsa) {
    key = EVP_RSA_gen(rsa_bits);
  } else {
    Bytes seed(seed_bytes, '\0');
    random.fill(seed.data(), seed.size());
    key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, octets(seed), seed.size());
  }
  if (key == nullptr) return fail(Errc::unavailable, "OpenSSL made no key");
  return SigningKey(key, algorithm);
}

Result<SigningKey> SigningKey::read(BytesView der) {
  const auto* begin = octets(der);
  EVP_PKEY* key = d2i_AutoPrivateKey(nullptr, &begin, static_cast<long>(der.size()));
  if (key == nullptr) return fail(Errc::corrupted, "not a private key");
  const int kind = EVP_PKEY_get_base_id(key);
  SigningKey read(key, kind == EVP_PKEY_RSA ? Algorithm::rsa : Algorithm::ed25519);
  if (kind != EVP_PKEY_RSA && kind != EVP_PKEY_ED25519)
    return fail(Errc::unsupported, "not an RSA or Ed25519 key");
  return read;
}

Bytes SigningKey::private_key() const {
  Bytes der(static_cast<std::size_t>(i2d_PrivateKey(key_.get(), nullptr)), '\0');
  auto* end = octets(der);
  (void)i2d_PrivateKey(key_.get(), &end);
  return der;
}

Bytes SigningKey::public_key() const {
  if (algorithm_ == Algorithm::ed25519) {
    Bytes raw(seed_bytes, '\0');
    std::size_t size = raw.size();
    GRIDMAIL_ASSERT(EVP_PKEY_get_raw_public_key(key_.get(), octets(raw), &size) == 1);
    return raw;
  }
  Bytes der(static_cast<std::size_t>(i2d_PUBKEY(key_.get(), nullptr)), '\0');
  auto* end = octets(der);
  (void)i2d_PUBKEY(key_.get(), &end);
  return der;
}

Result<Bytes> SigningKey::sign(BytesView text) const {
  // RFC 8463, section 3: PureEdDSA over the hash, where RSA hashes the text itself.
  Bytes hash(crypto_hash_sha256_BYTES, '\0');
  const bool hashed_here = algorithm_ == Algorithm::ed25519;
  if (hashed_here) {
    crypto_hash_sha256(octets(hash), octets(text), text.size());
    text = hash;
  }
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())), '\0');
  std::size_t size = signature.size();
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, hashed_here ? nullptr : EVP_sha256(), nullptr, key_.get()) !=
          1 ||
      EVP_DigestSign(context.get(), octets(signature), &size, octets(text), text.size()) != 1) {
    return fail(Errc::unavailable, "OpenSSL made no signature");
  }
  signature.resize(size);
  return signature;
}

std::string key_record(Algorithm algorithm, BytesView public_key) {
  return "v=DKIM1; k=" + std::string(name_of(algorithm)) + "; p=" + to_base64(public_key);
}

std::string key_record_name(std::string_view selector, std::string_view domain) {
  return std::string(selector) + "._domainkey." + std::string(domain);
}

}  // namespace gridmail::dkim
