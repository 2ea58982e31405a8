#include "node/config_control_binding.hpp"

#include "node/applied.hpp"

namespace gridmail {
namespace {

constexpr std::size_t users_per_look = 1000;

bool has_settings(const directory::User& user) {
  return user.forward_to_size() > 0 || user.delegates_size() > 0;
}

}  // namespace

Task<Result<api::UserSettings>> ConfigControlBinding::settings_of(directory::User user) const {
  api::UserSettings settings;
  settings.address = user.address();
  settings.forward_to.assign(user.forward_to().begin(), user.forward_to().end());
  settings.forward_only = user.forward_only();
  for (const auto& id : user.delegates()) {
    const auto delegate = co_await parts_.mail.view().user(UserId::from_bytes(id).value_or(UserId{}));
    if (delegate) {
      settings.delegates.push_back(delegate->address());
    } else if (delegate.error().code != Errc::not_found) {  // who is gone sends nothing
      co_return tl::unexpected(delegate.error());
    }
  }
  co_return settings;
}

Task<Result<std::vector<api::UserSettings>>> ConfigControlBinding::user_settings(api::PageQuery page) {
  std::vector<api::UserSettings> rows;
  std::string from = page.after;
  do {
    const auto part = co_await parts_.mail.view().users({}, from, users_per_look);
    if (!part) co_return tl::unexpected(part.error());
    for (const auto& user : part->users) {
      if (user.address() == page.after || !has_settings(user)) continue;
      if (rows.size() == page.limit) co_return rows;
      auto settings = co_await settings_of(user);
      if (!settings) co_return tl::unexpected(settings.error());
      rows.push_back(std::move(*settings));
    }
    from = part->next;
  } while (!from.empty());
  co_return rows;
}

Task<Result<std::vector<api::ConfigVersion>>> ConfigControlBinding::config_versions() {
  const auto records = co_await parts_.mail.view().config_versions();
  if (!records) co_return tl::unexpected(records.error());
  std::vector<api::ConfigVersion> versions;
  for (const auto& record : *records)
    versions.push_back({record.number(), record.at(), record.who(), record.diff()});
  co_return versions;
}

Task<Result<api::Applied>> ConfigControlBinding::add_config_version(std::string diff) {
  directory::Change change;
  change.mutable_add_config_version()->set_diff(std::move(diff));
  const auto changed = co_await parts_.as.directory.change(std::move(change));
  co_return applied(changed);
}

}  // namespace gridmail
