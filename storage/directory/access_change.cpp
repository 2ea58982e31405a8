// The part of ChangeWriter about who may do what: roles, app passwords, sessions.
#include <algorithm>

#include "storage/directory/change_writer.hpp"

namespace gridmail {
namespace {

constexpr std::size_t secret_hash_bytes = 32;
constexpr std::size_t name_bytes_max = 100;
constexpr std::size_t app_passwords_max = 50;
constexpr std::size_t protocols_max = 16;
/// More than one, so that the list shrinks; few, so that no log-in pays for the others.
constexpr std::size_t sessions_forgotten_per_change = 8;

bool is_text(std::string_view text, std::size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max && std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= ' ' && c != 0x7f;
  });
}

}  // namespace

/// The version stays: what was verified of the password still holds.
Task<Result<void>> ChangeWriter::set_role(const directory::SetRole& change) {
  auto user = co_await existing_user(change.user());
  if (!user) co_return tl::unexpected(user.error());
  if (change.role() == directory::ROLE_UNSET || !directory::Role_IsValid(change.role()))
    co_return fail(Errc::invalid, "not a role");
  user->set_role(change.role());
  co_return co_await put(keys_.user(*UserId::from_bytes(user->id())), user->SerializeAsString());
}

Task<Result<void>> ChangeWriter::add_app_password(const directory::AddAppPassword& change) {
  auto record = change.password();
  const auto user = co_await existing_user(record.user());
  if (!user) co_return tl::unexpected(user.error());
  if (!is_text(record.name(), name_bytes_max))
    co_return fail(Errc::invalid, "an app password's name has 1 to 100 bytes, all printable");
  if (record.hash().size() != secret_hash_bytes) co_return fail(Errc::invalid, "not the hash of a password");
  const auto protocols = static_cast<std::size_t>(record.protocols_size());
  if (protocols == 0 || protocols > protocols_max)
    co_return fail(Errc::invalid, "an app password is for at least one protocol");
  const auto id = *UserId::from_bytes(record.user());
  auto range = keys_.app_passwords_of(id);
  const auto others =
      co_await builder_.scan(Family::meta, std::move(range.first), std::move(range.last), app_passwords_max);
  if (!others) co_return tl::unexpected(others.error());
  const auto key = keys_.app_password(id, record.name());
  for (const auto& pair : *others) {
    if (pair.key == key)
      co_return fail(Errc::already_exists, "an app password " + record.name() + " is there already");
  }
  if (others->size() == app_passwords_max)
    co_return fail(Errc::conflict, "a user has 50 app passwords at most");
  record.set_created(now_);
  co_return co_await put(key, record.SerializeAsString());
}

Task<Result<void>> ChangeWriter::remove_app_password(const directory::RemoveAppPassword& change) {
  const auto user = co_await existing_user(change.user());
  if (!user) co_return tl::unexpected(user.error());
  const auto id = *UserId::from_bytes(change.user());
  co_return co_await remove_existing(keys_.app_password(id, change.name()), "app password " + change.name());
}

/// What a removed user could log in with.
Task<Result<void>> ChangeWriter::remove_credentials_of(UserId id, const std::string& address) {
  auto range = keys_.app_passwords_of(id);
  const auto passwords =
      co_await builder_.scan(Family::meta, std::move(range.first), std::move(range.last), SIZE_MAX);
  if (!passwords) co_return tl::unexpected(passwords.error());
  for (const auto& pair : *passwords) {
    if (auto done = co_await remove(pair.key); !done) co_return done;
  }
  co_return co_await remove_tokens_of(address);
}

Task<Result<void>> ChangeWriter::add_session(const directory::Change& change) {
  auto record = change.add_session().session();
  if (record.id().size() != secret_hash_bytes) co_return fail(Errc::invalid, "not the hash of a session");
  if (record.expires() <= now_) co_return fail(Errc::invalid, "a session that is over");
  record.set_created(now_);
  record.set_address(change.actor().address());
  auto expired = keys_.sessions_until(now_);
  const auto old = co_await builder_.scan(Family::meta, std::move(expired.first), std::move(expired.last),
                                          sessions_forgotten_per_change);
  if (!old) co_return tl::unexpected(old.error());
  for (const auto& pair : *old) {
    if (auto gone = co_await remove(keys_.session(keys_.session_in(pair.key))); !gone) co_return gone;
    if (auto gone = co_await remove(pair.key); !gone) co_return gone;
  }
  if (auto done = co_await put(keys_.session_until(record.expires(), record.id()), {}); !done) co_return done;
  co_return co_await put(keys_.session(record.id()), record.SerializeAsString());
}

Task<Result<void>> ChangeWriter::remove_session(const directory::RemoveSession& change) {
  const auto record = co_await load<directory::Session>(keys_.session(change.id()));
  if (!record) co_return tl::unexpected(record.error());
  if (!*record) co_return fail(Errc::not_found, "no such session");
  if (auto done = co_await remove(keys_.session_until((*record)->expires(), change.id())); !done)
    co_return done;
  co_return co_await remove(keys_.session(change.id()));
}

}  // namespace gridmail
