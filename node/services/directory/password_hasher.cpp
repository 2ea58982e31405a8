#include "node/services/directory/password_hasher.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>

#include "node/services/directory/imported_hash.hpp"

namespace gridmail {
namespace {

constexpr std::size_t password_bytes_max = 1024;
constexpr std::size_t hash_bytes = 32;
constexpr std::string_view argon2id_prefix = "$argon2id$";

std::string unpadded_base64(BytesView bytes) {
  auto text = to_base64(bytes);
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

/// The PHC string that crypto_pwhash_str() makes, but with a salt from our own Random port. 0 bytes of memory
/// is an error of libsodium's and gives nothing.
std::string argon2id(const std::string& password, const std::string& salt, const PasswordCost& cost) {
  Bytes hash(hash_bytes, '\0');
  const int failed =
      crypto_pwhash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(), password.data(),
                    password.size(), reinterpret_cast<const unsigned char*>(salt.data()), cost.operations,
                    cost.memory_bytes, crypto_pwhash_ALG_ARGON2ID13);
  if (failed != 0) return {};
  return fmt::format("{}v=19$m={},t={},p=1${}${}", argon2id_prefix, cost.memory_bytes / 1024, cost.operations,
                     unpadded_base64(salt), unpadded_base64(hash));
}

/// No keyboard has them, and some protocols end a password at such: a file was read wrong.
bool has_control_character(const std::string& password) {
  return std::any_of(password.begin(), password.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

bool fits(const std::string& hash, const std::string& password) {
  if (!hash.starts_with("$argon2")) return fits_imported_hash(hash, password);
  return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

}  // namespace

PasswordHasher::PasswordHasher(Random& random, WorkerPool* pool, Settings settings)
    : random_(random), pool_(pool), settings_(settings), slots_(settings.at_once_max) {
  // Right in form and cost; a random hash that nobody knows a password for.
  Bytes salt = draw_salt();
  Bytes hash = draw_salt() + draw_salt();
  nobodys_hash_ =
      fmt::format("{}v=19$m={},t={},p=1${}${}", argon2id_prefix, settings_.cost.memory_bytes / 1024,
                  settings_.cost.operations, unpadded_base64(salt), unpadded_base64(hash));
}

std::string PasswordHasher::draw_salt() {
  static_assert(crypto_pwhash_SALTBYTES == 16 && hash_bytes == 2 * crypto_pwhash_SALTBYTES);
  std::string salt(crypto_pwhash_SALTBYTES, '\0');
  random_.fill(salt.data(), salt.size());
  return salt;
}

Task<Result<std::string>> PasswordHasher::hash(std::string password) {
  if (password.size() > password_bytes_max) co_return fail(Errc::invalid, "a password of over 1,024 bytes");
  if (has_control_character(password)) co_return fail(Errc::invalid, "a password with a control character");
  if (slots_.waiting() >= settings_.waiting_max) co_return fail(Errc::busy, "too many passwords at once");
  const auto slot = co_await slots_.take(1);
  const auto salt = draw_salt();
  const auto work = [&password, &salt, this] { return argon2id(password, salt, settings_.cost); };
  std::string text;
  if (pool_ != nullptr) {
    text = co_await pool_->run(work);
  } else {
    text = work();
  }
  if (text.empty()) co_return fail(Errc::busy, "no memory for a password hash");
  co_return text;
}

bool PasswordHasher::is_old(const std::string& hash) const {
  return !hash.starts_with(argon2id_prefix) ||
         crypto_pwhash_str_needs_rehash(hash.c_str(), settings_.cost.operations,
                                        settings_.cost.memory_bytes) != 0;
}

Task<Result<bool>> PasswordHasher::verify(std::string hash, std::string password, Allowance::Rank rank) {
  if (password.size() > password_bytes_max) co_return false;
  if (slots_.waiting() >= settings_.waiting_max) co_return fail(Errc::busy, "too many log-ins at once");
  const auto slot = co_await slots_.take(1, rank);
  const auto work = [&hash, &password] { return fits(hash, password); };
  if (pool_ == nullptr) co_return work();
  const bool right = co_await pool_->run(work);
  co_return right;
}

}  // namespace gridmail
