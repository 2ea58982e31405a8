#include "node/services/directory/access_admin.hpp"

#include <algorithm>

#include "node/services/directory/app_password.hpp"
#include "protocols/text/normalization.hpp"

namespace gridmail {
namespace {

constexpr std::string_view session_prefix = "gms_";
constexpr std::size_t secret_bytes = 32;
constexpr WallMicros session_lasts = 12LL * 3600 * 1'000'000;

Error denied() {
  return {Errc::denied, "the account is gone"};
}

/// A miss is an answer; everything else is not known now.
Error denied_or(const Error& error) {
  if (error.code == Errc::not_found) return denied();
  return {Errc::unavailable, error.text};
}

directory::Role role_in(const directory::User& user) {
  return user.role() == directory::ROLE_UNSET ? directory::ROLE_USER : user.role();
}

}  // namespace

Task<Result<directory::User>> AccessAdmin::user(std::string address) {
  const auto name = text::canonical_address(address);
  if (!name) co_return fail(Errc::invalid, "not an address: " + address);
  auto found = co_await ports_.view.resolve(*name);
  if (!found && found.error().code == Errc::not_found) co_return fail(Errc::not_found, "no user " + *name);
  co_return found;
}

Task<Result<directory::Role>> AccessAdmin::role_of(std::string account) {
  if (account.find('@') == std::string::npos) {
    const auto admin = co_await ports_.view.admin(std::move(account));
    if (!admin) co_return tl::unexpected(denied_or(admin.error()));
    co_return directory::ROLE_ADMIN;
  }
  const auto found = co_await ports_.view.resolve(std::move(account));
  if (!found) co_return tl::unexpected(denied_or(found.error()));
  if (!found->can_log_in()) co_return tl::unexpected(denied());
  co_return role_in(*found);
}

Task<Result<AppliedChange>> AccessAdmin::set_role(std::string address, directory::Role role) {
  const auto found = co_await user(std::move(address));
  if (!found) co_return tl::unexpected(found.error());
  directory::Change change;
  change.mutable_set_role()->set_user(found->id());
  change.mutable_set_role()->set_role(role);
  co_return co_await ports_.directory.change(std::move(change));
}

Task<Result<KnownAccount>> AccessAdmin::authenticate_user(std::string address, std::string password,
                                                          std::string peer_address) {
  const auto account = co_await ports_.log_in.authenticate(std::move(address), std::move(password),
                                                           std::move(peer_address), ports::Protocol::http);
  if (!account) co_return tl::unexpected(account.error());
  const auto record = co_await ports_.view.user(account->id);
  if (!record) co_return tl::unexpected(denied_or(record.error()));
  co_return KnownAccount{record->address(), role_in(*record), account->id};
}

Task<Result<KnownAccount>> AccessAdmin::owner_of(directory::Token token) {
  const auto role = token.role() == directory::ROLE_UNSET ? directory::ROLE_ADMIN : token.role();
  const auto owners = co_await role_of(token.admin());
  if (!owners) co_return tl::unexpected(owners.error());
  co_return KnownAccount{token.admin(), std::min(role, *owners)};
}

Task<Result<AccessAdmin::NewSession>> AccessAdmin::begin_session(std::string account) {
  NewSession session;
  Bytes drawn(secret_bytes, '\0');
  ports_.random.fill(drawn.data(), drawn.size());
  session.secret = std::string(session_prefix) + to_base64url(drawn);
  session.expires = ports_.clock.wall() + session_lasts;
  directory::Change change;
  auto& record = *change.mutable_add_session()->mutable_session();
  record.set_id(hash_of_secret(session.secret));
  record.set_expires(session.expires);
  if (account.find('@') == std::string::npos) {
    record.set_admin(std::move(account));
  } else {
    const auto owner = co_await user(std::move(account));
    if (!owner) co_return tl::unexpected(owner.error());
    record.set_user(owner->id());
  }
  const auto begun = co_await ports_.directory.change(std::move(change));
  if (!begun) co_return tl::unexpected(begun.error());
  co_return session;
}

Task<Result<KnownAccount>> AccessAdmin::session(std::string secret) {
  auto record = co_await ports_.view.session(std::move(secret), ports_.clock.wall());
  if (!record) co_return tl::unexpected(denied_or(record.error()));
  co_return co_await owner_of_session(std::move(*record));
}

Task<Result<KnownAccount>> AccessAdmin::owner_of_session(directory::Session record) {
  if (record.expires() <= ports_.clock.wall()) co_return tl::unexpected(denied());
  if (!record.admin().empty()) {
    const auto admin = co_await ports_.view.admin(record.admin());
    if (!admin) co_return tl::unexpected(denied_or(admin.error()));
    if (admin->password_set() > record.created()) co_return tl::unexpected(denied());
    co_return KnownAccount{admin->name(), directory::ROLE_ADMIN};
  }
  const auto id = UserId::from_bytes(record.user());
  if (!id) co_return fail(Errc::corrupted, "a session of nobody");
  const auto owner = co_await ports_.view.user(*id);
  if (!owner) co_return tl::unexpected(denied_or(owner.error()));
  if (!owner->can_log_in() || owner->password_set() > record.created()) co_return tl::unexpected(denied());
  co_return KnownAccount{owner->address(), role_in(*owner)};
}

Task<Result<std::vector<AccessAdmin::OpenSession>>> AccessAdmin::sessions(std::string account) {
  auto records = co_await ports_.view.sessions();
  if (!records) co_return tl::unexpected(records.error());
  std::vector<OpenSession> open;
  for (auto& record : *records) {
    auto owner = co_await owner_of_session(record);
    if (!owner && owner.error().code == Errc::denied) continue;
    if (!owner) co_return tl::unexpected(owner.error());
    if (account.empty() || owner->account == account) open.push_back({std::move(record), std::move(*owner)});
  }
  co_return open;
}

Task<Result<AppliedChange>> AccessAdmin::end_session(std::string secret) {
  return remove_session(hash_of_secret(secret));
}

Task<Result<AppliedChange>> AccessAdmin::remove_session(Bytes id) {
  directory::Change change;
  change.mutable_remove_session()->set_id(std::move(id));
  co_return co_await ports_.directory.change(std::move(change));
}

Task<Result<AccessAdmin::NewAppPassword>> AccessAdmin::add_app_password(std::string address, std::string name,
                                                                        std::vector<std::string> protocols) {
  for (const auto& protocol : protocols) {
    const auto known = ports::protocol_named(protocol);
    if (!known || *known == ports::Protocol::http)
      co_return fail(Errc::invalid, "a protocol is imap, pop3 or smtp, not " + protocol);
  }
  std::sort(protocols.begin(), protocols.end());
  protocols.erase(std::unique(protocols.begin(), protocols.end()), protocols.end());
  const auto owner = co_await user(std::move(address));
  if (!owner) co_return tl::unexpected(owner.error());
  NewAppPassword added;
  added.password = draw_app_password(ports_.random);
  directory::Change change;
  auto& record = *change.mutable_add_app_password()->mutable_password();
  record.set_user(owner->id());
  record.set_name(std::move(name));
  record.set_hash(hash_of_app_password(added.password));
  for (auto& protocol : protocols) record.add_protocols(std::move(protocol));
  auto applied = co_await ports_.directory.change(std::move(change));
  if (!applied) co_return tl::unexpected(applied.error());
  added.applied = std::move(*applied);
  co_return added;
}

Task<Result<std::vector<directory::AppPassword>>> AccessAdmin::app_passwords(std::string address) {
  const auto owner = co_await user(std::move(address));
  if (!owner) co_return tl::unexpected(owner.error());
  const auto id = UserId::from_bytes(owner->id());
  if (!id) co_return fail(Errc::corrupted, "a user's record without an id");
  co_return co_await ports_.view.app_passwords_of(*id);
}

Task<Result<AppliedChange>> AccessAdmin::remove_app_password(std::string address, std::string name) {
  const auto owner = co_await user(std::move(address));
  if (!owner) co_return tl::unexpected(owner.error());
  directory::Change change;
  change.mutable_remove_app_password()->set_user(owner->id());
  change.mutable_remove_app_password()->set_name(std::move(name));
  co_return co_await ports_.directory.change(std::move(change));
}

}  // namespace gridmail
