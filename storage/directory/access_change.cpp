// The part of ChangeWriter about who may do what: roles, app passwords, sessions.
#include <algorithm>

#include "storage/directory/change_writer.hpp"

namespace gridmail {
namespace {

constexpr std::size_t label_bytes_max = 100;
constexpr std::size_t app_passwords_max = 50;
constexpr std::size_t protocols_max = 16;
constexpr std::size_t sessions_max = 50;  // of one owner
/// More than one, so that the list shrinks; few, so that no log-in pays for the others.
constexpr std::size_t sessions_forgotten_per_change = 8;

bool is_text(std::string_view text, std::size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max && std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= ' ' && c != 0x7f;
  });
}

/// Users' ids are all of one length; no name of an administrator has a zero.
Bytes owner_in(const directory::Session& session) {
  Bytes owner = session.admin().empty() ? "u" : "m";
  owner += session.admin().empty() ? session.user() : session.admin();
  if (!session.admin().empty()) owner.push_back('\0');
  return owner;
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
  if (!is_text(record.name(), label_bytes_max))
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
  if (auto forgotten = co_await forget_sessions_over(); !forgotten) co_return forgotten;
  if (auto room = co_await make_room_for_session(record); !room) co_return room;
  if (auto done = co_await put(keys_.session_until(record.expires(), record.id()), {}); !done) co_return done;
  auto place = keys_.session_of(owner_in(record), record.created(), record.id());
  if (auto done = co_await put(std::move(place), {}); !done) co_return done;
  co_return co_await put(keys_.session(record.id()), record.SerializeAsString());
}

Task<Result<void>> ChangeWriter::forget_sessions_over() {
  auto over = keys_.sessions_until(now_);
  const auto old = co_await builder_.scan(Family::meta, std::move(over.first), std::move(over.last),
                                          sessions_forgotten_per_change);
  if (!old) co_return tl::unexpected(old.error());
  for (const auto& pair : *old) {
    if (auto gone = co_await forget_session_at(pair.key); !gone) co_return gone;
  }
  co_return Result<void>{};
}

/// Each log-in adds one, so that there is never more than one too many.
Task<Result<void>> ChangeWriter::make_room_for_session(const directory::Session& session) {
  auto range = keys_.sessions_of(owner_in(session));
  const auto open =
      co_await builder_.scan(Family::meta, std::move(range.first), std::move(range.last), sessions_max);
  if (!open) co_return tl::unexpected(open.error());
  if (open->size() < sessions_max) co_return Result<void>{};
  co_return co_await forget_session_at(open->front().key);
}

/// A primary of an earlier version ends sessions without their place by owner.
Task<Result<void>> ChangeWriter::forget_session_at(Bytes place) {
  const auto gone = co_await forget_session(keys_.session_in(place));
  if (!gone && gone.error().code != Errc::not_found) co_return gone;
  co_return co_await remove(std::move(place));
}

Task<Result<void>> ChangeWriter::remove_session(const directory::RemoveSession& change) {
  return forget_session(change.id());
}

Task<Result<void>> ChangeWriter::forget_session(Bytes id) {
  const auto record = co_await load<directory::Session>(keys_.session(id));
  if (!record) co_return tl::unexpected(record.error());
  if (!*record) co_return fail(Errc::not_found, "no such session");
  const auto& session = **record;
  if (auto done = co_await remove(keys_.session_until(session.expires(), id)); !done) co_return done;
  auto place = keys_.session_of(owner_in(session), session.created(), id);
  if (auto done = co_await remove(std::move(place)); !done) co_return done;
  co_return co_await remove(keys_.session(id));
}

}  // namespace gridmail
