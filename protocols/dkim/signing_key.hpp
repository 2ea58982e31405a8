// A domain's key: RSA of 2048 bits with SHA-256 (RFC 6376, section 3.3.1) or Ed25519 (RFC 8463).
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "node/base/bytes.hpp"
#include "node/base/random.hpp"
#include "node/base/result.hpp"

struct evp_pkey_st;

namespace gridmail::dkim {

enum class Algorithm : std::uint8_t { rsa, ed25519 };
/// "rsa", "ed25519": the record's k= tag, and what people write.
[[nodiscard]] std::string_view name_of(Algorithm algorithm);
[[nodiscard]] std::optional<Algorithm> algorithm_named(std::string_view name);

/// Immutable once made; thread-safe.
class SigningKey {
 public:
  /// OpenSSL draws an RSA key itself, in some tenths of a second: not on an event loop.
  [[nodiscard]] static Result<SigningKey> generate(Algorithm algorithm, Random& random);
  /// What private_key() gave, or any DER of a private key (PKCS #1, PKCS #8). Errors: corrupted; unsupported.
  [[nodiscard]] static Result<SigningKey> read(BytesView der);

  [[nodiscard]] Algorithm algorithm() const { return algorithm_; }
  [[nodiscard]] Bytes private_key() const;
  /// As the record's p= tag holds it, before base64: SubjectPublicKeyInfo for RSA, 32 bytes for Ed25519.
  [[nodiscard]] Bytes public_key() const;
  /// The signature of SHA-256(text).
  [[nodiscard]] Result<Bytes> sign(BytesView text) const;

 private:
  SigningKey(evp_pkey_st* key, Algorithm algorithm);

  std::shared_ptr<evp_pkey_st> key_;
  Algorithm algorithm_;
};

/// The TXT record that verifiers look for (RFC 6376, section 3.6.1), in one string.
[[nodiscard]] std::string key_record(Algorithm algorithm, BytesView public_key);
/// Its name.
[[nodiscard]] std::string key_record_name(std::string_view selector, std::string_view domain);

}  // namespace gridmail::dkim
