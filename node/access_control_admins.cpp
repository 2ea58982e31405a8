// The part of AccessControlBinding about administrators.
#include <algorithm>

#include "node/access_control_binding.hpp"
#include "node/applied.hpp"

namespace gridmail {

Task<Result<std::vector<api::AdminRow>>> AccessControlBinding::admins() {
  const auto records = co_await parts_.as.users.admins();
  if (!records) co_return tl::unexpected(records.error());
  std::vector<api::AdminRow> rows;
  for (const auto& record : *records) {
    // Records of the first version do not say when the password was set: with the account.
    const auto password_set = record.password_set() == 0 ? record.created() : record.password_set();
    rows.push_back({record.name(), record.created(), password_set});
  }
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  co_return rows;
}

Task<Result<api::Applied>> AccessControlBinding::add_admin(std::string name, std::string password) {
  const auto changed = co_await parts_.as.users.put_admin(std::move(name), std::move(password), false);
  co_return applied(changed);
}

Task<Result<api::Applied>> AccessControlBinding::set_admin_password(std::string name, std::string password) {
  const auto changed = co_await parts_.as.users.put_admin(std::move(name), std::move(password), true);
  co_return applied(changed);
}

Task<Result<api::Applied>> AccessControlBinding::remove_admin(std::string name) {
  const auto changed = co_await parts_.as.users.remove_admin(std::move(name));
  co_return applied(changed);
}

}  // namespace gridmail
