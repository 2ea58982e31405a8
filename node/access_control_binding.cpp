#include "node/access_control_binding.hpp"

#include <algorithm>

#include "node/applied.hpp"

namespace gridmail {
namespace {

directory::Role record_of(api::Role role) {
  switch (role) {
    case api::Role::user:
      return directory::ROLE_USER;
    case api::Role::viewer:
      return directory::ROLE_VIEWER;
    case api::Role::operator_:
      return directory::ROLE_OPERATOR;
    case api::Role::admin:
      return directory::ROLE_ADMIN;
  }
  return directory::ROLE_UNSET;
}

/// Old tokens have no role: only admins had any.
api::TokenRow row_of(const directory::Token& token) {
  const auto role = token.role() == directory::ROLE_UNSET ? directory::ROLE_ADMIN : token.role();
  return {token.name(), role_of(role), token.admin(), token.created(), token.expires()};
}

}  // namespace

/// What a newer version may write is no right here.
api::Role role_of(directory::Role role) {
  switch (role) {
    case directory::ROLE_VIEWER:
      return api::Role::viewer;
    case directory::ROLE_OPERATOR:
      return api::Role::operator_;
    case directory::ROLE_ADMIN:
      return api::Role::admin;
    default:
      return api::Role::user;
  }
}

Task<Result<std::vector<api::AuditRow>>> AccessControlBinding::audit(std::uint64_t before,
                                                                     std::uint32_t rows_max) {
  const auto entries = co_await parts_.mail.view().audit(before, rows_max);
  if (!entries) co_return tl::unexpected(entries.error());
  std::vector<api::AuditRow> rows;
  for (const auto& entry : *entries) {
    auto& row = rows.emplace_back();
    row.number = entry.number();
    row.at = entry.at();
    row.who = entry.who();
    row.address = entry.address();
    row.node = NodeId::from_bytes(entry.node());
    row.verb = entry.verb();
    row.object = entry.object();
    row.before = entry.before();
    row.after = entry.after();
  }
  co_return rows;
}

Task<Result<api::Applied>> AccessControlBinding::set_role(std::string address, api::Role role) {
  const auto changed = co_await parts_.as.access.set_role(std::move(address), record_of(role));
  co_return applied(changed);
}

Task<Result<std::vector<api::TokenRow>>> AccessControlBinding::tokens() {
  const auto records = co_await parts_.as.users.tokens();
  if (!records) co_return tl::unexpected(records.error());
  std::vector<api::TokenRow> rows;
  for (const auto& record : *records) rows.push_back(row_of(record));
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  co_return rows;
}

Task<Result<api::AddedToken>> AccessControlBinding::add_token(std::string name, api::Role role,
                                                              std::chrono::seconds expires_after) {
  api::AddedToken added;
  const auto now = parts_.clock.wall();
  const WallMicros expires = expires_after.count() == 0 ? 0 : now + to_micros(expires_after);
  added.token = {name, role, parts_.as.principal.account, now, expires};
  auto token = co_await parts_.as.users.add_token(std::move(name), parts_.as.principal.account, expires,
                                                  std::nullopt, record_of(role));
  if (!token) co_return tl::unexpected(token.error());
  added.secret = std::move(token->secret);
  added.applied.not_yet_on = std::move(token->applied.lagging);
  co_return added;
}

Task<Result<api::Applied>> AccessControlBinding::remove_token(std::string name) {
  const auto records = co_await parts_.as.users.tokens();
  if (!records) co_return tl::unexpected(records.error());
  const auto token = std::find_if(records->begin(), records->end(),
                                  [&](const directory::Token& each) { return each.name() == name; });
  if (token == records->end()) co_return fail(Errc::not_found, "no token " + name);
  const auto changed = co_await parts_.as.users.remove_token(token->id());
  co_return applied(changed);
}

Task<Result<std::vector<api::JoinTokenRow>>> AccessControlBinding::join_tokens() {
  const auto records = co_await parts_.mail.view().join_tokens();
  if (!records) co_return tl::unexpected(records.error());
  const auto now = parts_.clock.wall();
  std::vector<api::JoinTokenRow> rows;
  for (const auto& record : *records) {
    if (record.used() == 0 && record.expires() > now)
      rows.push_back({to_hex(record.id()), record.created(), record.expires()});
  }
  co_return rows;
}

Task<Result<api::Applied>> AccessControlBinding::remove_join_token(std::string id) {
  auto hash = from_hex(id);
  if (!hash) co_return fail(Errc::not_found, "no join token " + id);
  const auto changed = co_await parts_.as.directory.remove_join_token(std::move(*hash));
  co_return applied(changed);
}

Task<Result<std::vector<api::AppPasswordRow>>> AccessControlBinding::app_passwords(std::string address) {
  const auto records = co_await parts_.as.access.app_passwords(std::move(address));
  if (!records) co_return tl::unexpected(records.error());
  std::vector<api::AppPasswordRow> rows;
  for (const auto& record : *records)
    rows.push_back({record.name(), {record.protocols().begin(), record.protocols().end()}, record.created()});
  co_return rows;
}

Task<Result<api::AddedAppPassword>> AccessControlBinding::add_app_password(
    std::string address, std::string name, std::vector<std::string> protocols) {
  auto added =
      co_await parts_.as.access.add_app_password(std::move(address), std::move(name), std::move(protocols));
  if (!added) co_return tl::unexpected(added.error());
  api::AddedAppPassword result;
  result.password = std::move(added->password);
  result.applied.not_yet_on = std::move(added->applied.lagging);
  co_return result;
}

Task<Result<api::Applied>> AccessControlBinding::remove_app_password(std::string address, std::string name) {
  const auto changed = co_await parts_.as.access.remove_app_password(std::move(address), std::move(name));
  co_return applied(changed);
}

Task<Result<api::NewSession>> AccessControlBinding::begin_session() {
  auto session = co_await parts_.as.access.begin_session(parts_.as.principal.account);
  if (!session) co_return tl::unexpected(session.error());
  co_return api::NewSession{std::move(session->secret), session->expires};
}

Task<Result<api::Principal>> AccessControlBinding::session(std::string secret) {
  const auto known = co_await parts_.as.access.session(std::move(secret));
  if (!known) co_return tl::unexpected(known.error());
  co_return api::Principal{known->account, role_of(known->role), known->account};
}

Task<Result<api::Applied>> AccessControlBinding::end_session(std::string secret) {
  const auto changed = co_await parts_.as.access.end_session(std::move(secret));
  co_return applied(changed);
}

Task<Result<std::vector<api::SessionRow>>> AccessControlBinding::sessions(std::string account) {
  const auto open = co_await parts_.as.access.sessions(std::move(account));
  if (!open) co_return tl::unexpected(open.error());
  std::vector<api::SessionRow> rows;
  for (const auto& [record, owner] : *open)
    rows.push_back({to_hex(record.id()), owner.account, role_of(owner.role), record.address(),
                    record.created(), record.expires()});
  co_return rows;  // by id, as the directory has them
}

Task<Result<api::Applied>> AccessControlBinding::remove_session(std::string id) {
  const auto bytes = from_hex(id);
  if (!bytes) co_return fail(Errc::not_found, "no such session");
  const auto changed = co_await parts_.as.access.remove_session(*bytes);
  co_return applied(changed);
}

std::string AccessControlBinding::session_id(std::string_view secret) const {
  return to_hex(hash_of_secret(secret));
}

}  // namespace gridmail
