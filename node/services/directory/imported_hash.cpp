#include "node/services/directory/imported_hash.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "node/base/bytes.hpp"
#include "node/services/directory/crypt_scheme.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail {
namespace {

constexpr std::string_view argon2_prefix = "$argon2";
/// A hash must not keep a worker for minutes, nor take all memory.
constexpr unsigned argon2_kib_max = 256 * 1024;
constexpr unsigned argon2_passes_max = 16;
constexpr std::size_t salt_bytes_max = 64;

struct Digest {
  std::string_view scheme;  ///< as it is kept
  const EVP_MD* (*algorithm)();
  std::size_t bytes;
  bool salted;
};
constexpr std::array digests = {
    Digest{"SHA", EVP_sha1, 20, false},      Digest{"SSHA", EVP_sha1, 20, true},
    Digest{"SHA256", EVP_sha256, 32, false}, Digest{"SSHA256", EVP_sha256, 32, true},
    Digest{"SHA512", EVP_sha512, 64, false}, Digest{"SSHA512", EVP_sha512, 64, true},
    Digest{"PLAIN-MD5", EVP_md5, 16, false}, Digest{"SMD5", EVP_md5, 16, true},
};
constexpr std::array crypt_schemes = {std::string_view("CRYPT"), std::string_view("SHA512-CRYPT"),
                                      std::string_view("SHA256-CRYPT"), std::string_view("MD5-CRYPT"),
                                      std::string_view("BLF-CRYPT")};

/// "{SCHEME.encoding}rest"; the scheme in upper case.
struct Tagged {
  std::string scheme, encoding;
  std::string_view rest;
};

std::optional<Tagged> split(std::string_view text) {
  const auto end = text.find('}');
  if (!text.starts_with('{') || end == std::string_view::npos) return std::nullopt;
  const auto name = text.substr(1, end - 1);
  const auto dot = name.find('.');
  return Tagged{text::to_upper(name.substr(0, dot)),
                dot == std::string_view::npos ? std::string() : text::to_upper(name.substr(dot + 1)),
                text.substr(end + 1)};
}

const Digest* digest_named(std::string_view scheme) {
  if (scheme == "SHA1") scheme = "SHA";
  if (scheme == "LDAP-MD5") scheme = "PLAIN-MD5";  // they differ in the encoding alone
  const auto* found = std::find_if(digests.begin(), digests.end(),
                                   [&](const Digest& digest) { return digest.scheme == scheme; });
  return found == digests.end() ? nullptr : found;
}

/// Of the digest and the salt behind it. As Dovecot does: what has the length of a digest in hex is hex.
std::optional<Bytes> decode(const Tagged& tagged, const Digest& digest) {
  if (tagged.encoding == "HEX" || (tagged.encoding.empty() && tagged.rest.size() == 2 * digest.bytes))
    return from_hex(tagged.rest);
  if (!tagged.encoding.empty() && tagged.encoding != "B64" && tagged.encoding != "BASE64")
    return std::nullopt;
  std::string padded(tagged.rest.substr(0, tagged.rest.find_last_not_of('=') + 1));
  padded.append((4 - padded.size() % 4) % 4, '=');
  return from_base64(padded);
}

bool is_of(const Digest& digest, const std::optional<Bytes>& bytes) {
  if (!bytes) return false;
  if (!digest.salted) return bytes->size() == digest.bytes;
  return bytes->size() > digest.bytes && bytes->size() <= digest.bytes + salt_bytes_max;
}

/// The number behind ",t=" and the like; nothing is 0.
unsigned parameter(std::string_view hash, std::string_view name) {
  const auto at = hash.find(name);
  if (at == std::string_view::npos) return 0;
  const auto text = hash.substr(at + name.size());
  unsigned number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc{} ? number : ~0U;
}

bool is_argon2_hash(const std::string& hash) {
  // -1: not one of libsodium's form
  if (!hash.starts_with(argon2_prefix) || hash.size() >= crypto_pwhash_STRBYTES) return false;
  return parameter(hash, "$m=") <= argon2_kib_max && parameter(hash, ",t=") <= argon2_passes_max &&
         crypto_pwhash_str_needs_rehash(hash.c_str(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                        crypto_pwhash_MEMLIMIT_INTERACTIVE) >= 0;
}

Result<ImportedSecret> not_taken(std::string_view scheme) {
  return fail(
      Errc::invalid,
      fmt::format("not a hash of the scheme {} that can be taken: wrong in form, too weak or too costly",
                  scheme));
}

/// "$kind$…" without a scheme in front.
Result<ImportedSecret> read_bare(std::string_view text, std::string_view scheme) {
  std::string hash(text);
  if (hash.starts_with(argon2_prefix)) {
    if (!is_argon2_hash(hash)) return not_taken(scheme);
    return ImportedSecret{std::move(hash)};
  }
  hash.insert(0, "{CRYPT}");
  if (!is_crypt_hash(hash)) return not_taken(scheme);
  return ImportedSecret{std::move(hash)};
}

}  // namespace

Result<ImportedSecret> read_imported_secret(std::string_view text) {
  const auto tagged = split(text);
  if (!tagged) {
    if (text.starts_with('$')) return read_bare(text, "that it names");
    return fail(Errc::invalid, "not a password's hash: one is such as {SHA512-CRYPT}$6$salt$hash");
  }
  const auto& scheme = tagged->scheme;
  const bool is_crypt = std::find(crypt_schemes.begin(), crypt_schemes.end(), scheme) != crypt_schemes.end();
  const bool is_argon2 = scheme == "ARGON2ID" || scheme == "ARGON2I";
  if (is_crypt || is_argon2) {
    const bool is_other_kind = tagged->rest.starts_with(argon2_prefix) != is_argon2;
    if (is_other_kind || !tagged->encoding.empty()) return not_taken(scheme);
    return read_bare(tagged->rest, scheme);
  }
  if (scheme == "PLAIN" || scheme == "CLEARTEXT") {
    if (tagged->rest.empty() || !tagged->encoding.empty()) return not_taken(scheme);
    return ImportedSecret{std::string(tagged->rest), true};
  }
  const auto* digest = digest_named(scheme);
  if (digest == nullptr) {
    return fail(
        Errc::invalid,
        "the scheme of the password's hash is not known; taken are CRYPT, SHA512-CRYPT, SHA256-CRYPT, "
        "BLF-CRYPT, MD5-CRYPT, ARGON2ID, ARGON2I, SSHA, SSHA256, SSHA512, SHA, SHA256, SHA512, SMD5, "
        "PLAIN-MD5, LDAP-MD5, PLAIN and CLEARTEXT");
  }
  const auto bytes = decode(*tagged, *digest);
  if (!is_of(*digest, bytes)) return not_taken(scheme);
  return ImportedSecret{fmt::format("{{{}}}{}", digest->scheme, to_base64(*bytes))};
}

bool fits_imported_hash(const std::string& hash, const std::string& password) {
  const auto tagged = split(hash);
  if (!tagged) return false;
  const auto* digest = digest_named(tagged->scheme);
  if (digest == nullptr) return fits_crypt_hash(hash, password);
  const auto bytes = from_base64(tagged->rest);
  if (!is_of(*digest, bytes)) return false;
  const auto salted = password + bytes->substr(digest->bytes);
  Bytes made(digest->bytes, '\0');
  unsigned length = 0;
  const int done = EVP_Digest(salted.data(), salted.size(), reinterpret_cast<unsigned char*>(made.data()),
                              &length, digest->algorithm(), nullptr);
  return done == 1 && length == made.size() &&
         equal_in_constant_time(made, BytesView(*bytes).substr(0, digest->bytes));
}

}  // namespace gridmail
