#include "tests/unit/node/grid_in_memory.hpp"

namespace gridmail::testing {

Task<Result<std::vector<api::AuditRow>>> AccessInMemory::audit(std::uint64_t before, std::uint32_t rows_max) {
  std::vector<api::AuditRow> rows;
  for (std::uint64_t number = 5; number >= 1 && rows.size() < rows_max; --number) {
    if (number >= before) continue;
    auto& row = rows.emplace_back();
    row.number = number;
    row.verb = "user add";
    row.object = "u" + std::to_string(number) + "@example.test";
  }
  co_return rows;
}

Task<Result<api::Applied>> AccessInMemory::set_role(std::string address, api::Role role) {
  last = address + " is " + std::string(api::name_of(role));
  co_return api::Applied{};
}
Task<Result<std::vector<api::TokenRow>>> AccessInMemory::tokens() {
  std::vector<api::TokenRow> rows;
  for (const auto& [name, row] : tokens_made) rows.push_back(row);
  co_return rows;
}
Task<Result<api::AddedToken>> AccessInMemory::add_token(std::string name, api::Role role,
                                                        std::chrono::seconds expires_after) {
  api::AddedToken added;
  added.token = {name, role, acting.account, 0, 1'000'000 * expires_after.count()};
  added.secret = "gmt_secret";
  if (!tokens_made.emplace(name, added.token).second) co_return fail(Errc::already_exists, name);
  co_return added;
}
Task<Result<api::Applied>> AccessInMemory::remove_token(std::string name) {
  if (tokens_made.erase(name) == 0) co_return fail(Errc::not_found, "no token " + name);
  co_return api::Applied{};
}
Task<Result<std::vector<api::JoinTokenRow>>> AccessInMemory::join_tokens() {
  co_return std::vector<api::JoinTokenRow>{{"ab12", 1'000'000, 2'000'000}};
}
Task<Result<api::Applied>> AccessInMemory::remove_join_token(std::string id) {
  if (id != "ab12") co_return fail(Errc::not_found, "no join token " + id);
  last = id;
  co_return api::Applied{};
}
Task<Result<std::vector<api::AdminRow>>> AccessInMemory::admins() {
  std::vector<api::AdminRow> rows;
  for (const auto& [name, password] : admin_passwords) rows.push_back({name, 0, 1'000'000});
  co_return rows;
}
Task<Result<api::Applied>> AccessInMemory::add_admin(std::string name, std::string password) {
  if (!admin_passwords.emplace(name, std::move(password)).second) co_return fail(Errc::already_exists, name);
  co_return api::Applied{};
}
Task<Result<api::Applied>> AccessInMemory::set_admin_password(std::string name, std::string password) {
  if (!admin_passwords.contains(name)) co_return fail(Errc::not_found, "no administrator " + name);
  admin_passwords[name] = std::move(password);
  co_return api::Applied{};
}
Task<Result<api::Applied>> AccessInMemory::remove_admin(std::string name) {
  if (!admin_passwords.contains(name)) co_return fail(Errc::not_found, "no administrator " + name);
  if (admin_passwords.size() == 1) co_return fail(Errc::conflict, "the last one");
  admin_passwords.erase(name);
  co_return api::Applied{};
}
Task<Result<std::vector<api::AppPasswordRow>>> AccessInMemory::app_passwords(std::string) {
  std::vector<api::AppPasswordRow> rows;
  for (const auto& [name, row] : passwords_made) rows.push_back(row);
  co_return rows;
}
Task<Result<api::AddedAppPassword>> AccessInMemory::add_app_password(std::string, std::string name,
                                                                     std::vector<std::string> protocols) {
  if (!passwords_made.emplace(name, api::AppPasswordRow{name, protocols, 0}).second)
    co_return fail(Errc::already_exists, name);
  co_return api::AddedAppPassword{"drawn-words", {}};
}
Task<Result<api::Applied>> AccessInMemory::remove_app_password(std::string, std::string name) {
  if (passwords_made.erase(name) == 0) co_return fail(Errc::not_found, "no app password " + name);
  co_return api::Applied{};
}
Task<Result<api::NewSession>> AccessInMemory::begin_session() {
  session_of_ = acting;
  session_secret = "gms_secret";
  co_return api::NewSession{session_secret, 1'000'000};
}
Task<Result<api::Principal>> AccessInMemory::session(std::string secret) {
  if (session_secret.empty() || secret != session_secret) co_return fail(Errc::denied);
  co_return session_of_;
}
Task<Result<api::Applied>> AccessInMemory::end_session(std::string secret) {
  if (secret != session_secret) co_return fail(Errc::not_found, "no such session");
  session_secret.clear();
  co_return api::Applied{};
}

Task<Result<std::vector<api::SessionRow>>> AccessInMemory::sessions(std::string account) {
  auto rows = sessions_open;
  std::erase_if(rows, [&](const auto& row) { return !account.empty() && row.account != account; });
  co_return rows;
}
Task<Result<api::Applied>> AccessInMemory::remove_session(std::string id) {
  const auto gone = std::erase_if(sessions_open, [&](const auto& row) { return row.id == id; });
  if (gone == 0) co_return fail(Errc::not_found, "no such session");
  co_return api::Applied{};
}
std::string AccessInMemory::session_id(std::string_view secret) const {
  return "id-of-" + std::string(secret);
}

}  // namespace gridmail::testing
