#include "node/services/directory/user_admin.hpp"

#include "node/base/log.hpp"
#include "node/services/directory/canonical_domain.hpp"
#include "node/services/directory/imported_hash.hpp"
#include "protocols/text/normalization.hpp"

namespace gridmail {
namespace {

constexpr std::size_t page_max = 1000;

Result<std::string> canonical(const std::string& address) {
  auto text = text::canonical_address(address);
  if (!text) return fail(Errc::invalid, "not an address: " + address);
  return std::move(*text);
}

/// Says who it is that is not there.
Error naming_user(Error error, const std::string& address) {
  if (error.code == Errc::not_found) error.text = "no user " + address;
  return error;
}

Result<UserId> id_of(const Bytes& bytes) {
  const auto id = UserId::from_bytes(bytes);
  if (!id) return fail(Errc::corrupted, "a user's record without an id");
  return *id;
}

}  // namespace

Task<Result<UserId>> UserAdmin::find(std::string address) {
  auto name = canonical(address);
  if (!name) co_return tl::unexpected(name.error());
  const auto user = co_await ports_.view.resolve(*name);
  if (!user) co_return tl::unexpected(naming_user(user.error(), *name));
  co_return id_of(user->id());
}

Task<Result<AddedUser>> UserAdmin::add_user(std::string address, std::optional<std::string> password) {
  auto name = canonical(address);
  if (!name) co_return tl::unexpected(name.error());
  std::string hash;
  if (password) {
    auto made = co_await ports_.hasher.hash(std::move(*password));
    if (!made) co_return tl::unexpected(made.error());
    hash = std::move(*made);
  }
  co_return co_await put_user(std::move(*name), std::move(hash));
}

Task<Result<AddedUser>> UserAdmin::import_user(std::string address, std::string secret) {
  auto name = canonical(address);
  if (!name) co_return tl::unexpected(name.error());
  auto read = read_imported_secret(secret);
  if (!read) co_return tl::unexpected(read.error());
  if (read->is_password) co_return co_await add_user(std::move(*name), std::move(read->text));
  co_return co_await put_user(std::move(*name), std::move(read->text));
}

Task<Result<void>> UserAdmin::make_mailboxes(UserId user) {
  auto made = co_await ports_.mailboxes.create_user(user);
  if (!made) {
    log(Level::warn, "user.mailboxes_pending", {{"user", user.hex()}, {"error", made.error().text}});
  }
  co_return made;
}

Task<Result<AddedUser>> UserAdmin::put_user(std::string name, std::string hash) {
  AddedUser added;
  added.id = draw_id<UserId>(ports_.random);
  const bool can_log_in = !hash.empty();
  auto changed = co_await ports_.directory.add_user(added.id, name, std::move(hash), can_log_in);
  if (!changed && changed.error().code == Errc::already_exists) {
    // An earlier call may have stopped before the mailboxes were made.
    if (const auto existing = co_await find(name)) {
      if (const auto healed = co_await ports_.mailboxes.create_user(*existing); !healed) {
        co_return tl::unexpected(healed.error());
      }
    }
  }
  if (!changed) co_return tl::unexpected(changed.error());
  added.applied = std::move(*changed);
  if (const auto made = co_await make_mailboxes(added.id); !made) {
    co_return fail(Errc::unavailable,
                   "the user is added; the mailboxes could not be made yet: " + made.error().text);
  }
  co_return added;
}

Task<Result<UserListing>> UserAdmin::users(std::string domain, std::string from, std::size_t users_max) {
  std::string name;
  if (!domain.empty()) {
    auto checked = canonical_domain(domain);
    if (!checked) co_return tl::unexpected(checked.error());
    name = std::move(*checked);
  }
  const auto page =
      co_await ports_.view.users(std::move(name), std::move(from), std::min(users_max, page_max));
  if (!page) co_return tl::unexpected(page.error());
  UserListing listing;
  listing.next = page->next;
  for (const auto& user : page->users) {
    const auto id = id_of(user.id());
    if (!id) co_return tl::unexpected(id.error());
    listing.users.push_back({*id, user.address(), user.created(), user.role()});
  }
  co_return listing;
}

Task<Result<UserDetails>> UserAdmin::user(std::string address) {
  const auto name = canonical(address);
  if (!name) co_return tl::unexpected(name.error());
  const auto record = co_await ports_.view.resolve(*name);
  if (!record) co_return tl::unexpected(naming_user(record.error(), *name));
  const auto id = id_of(record->id());
  if (!id) co_return tl::unexpected(id.error());
  UserDetails details;
  details.id = *id;
  details.address = record->address();
  details.created = record->created();
  details.role = record->role();
  details.can_log_in = record->can_log_in();
  auto aliases = co_await ports_.view.aliases_of(*id);
  if (!aliases) co_return tl::unexpected(aliases.error());
  details.aliases = std::move(*aliases);
  MailboxClient::Options options;
  options.wait_max = std::chrono::seconds(2);
  options.only_if_alive = true;
  if (auto usage = co_await ports_.mailboxes.usage(*id, options)) details.usage = std::move(*usage);
  co_return details;
}

Task<Result<AppliedChange>> UserAdmin::set_password(std::string address, std::string password) {
  const auto id = co_await find(std::move(address));
  if (!id) co_return tl::unexpected(id.error());
  auto hash = co_await ports_.hasher.hash(std::move(password));
  if (!hash) co_return tl::unexpected(hash.error());
  auto applied = co_await ports_.directory.set_password_hash(*id, std::move(*hash));
  if (!applied) co_return tl::unexpected(applied.error());
  static_cast<void>(co_await make_mailboxes(*id));
  co_return applied;
}

Task<Result<AppliedChange>> UserAdmin::renew_hash(OldHash old) {
  auto hash = co_await ports_.hasher.hash(std::move(old.password));
  if (!hash) co_return tl::unexpected(hash.error());
  directory::Change change;
  auto& user = *change.mutable_update_user();
  user.set_id(old.user.bytes());
  user.set_password_hash(std::move(*hash));
  user.set_expected_version(old.version);
  co_return co_await ports_.directory.change(std::move(change));
}

/// By its own address: an alias would be a slip that costs a mailbox.
Task<Result<AppliedChange>> UserAdmin::remove_user(std::string address) {
  const auto id = co_await find(address);
  if (!id) co_return tl::unexpected(id.error());
  const auto record = co_await ports_.view.user(*id);
  if (!record) co_return tl::unexpected(record.error());
  const auto name = canonical(address);
  if (!name) co_return tl::unexpected(name.error());
  if (*name != record->address()) {
    co_return fail(Errc::invalid,
                   *name + " is an alias of " + record->address() + ", not a user: remove the alias");
  }
  co_return co_await ports_.directory.remove_user(*id);
}

Task<Result<SlotId>> UserAdmin::locate_user(std::string address) {
  const auto id = co_await find(std::move(address));
  if (!id) co_return tl::unexpected(id.error());
  co_return ports_.mailboxes.slot_of(*id);
}

Task<Result<AppliedChange>> UserAdmin::add_domain(std::string name) {
  auto domain = canonical_domain(name);
  if (!domain) co_return tl::unexpected(domain.error());
  co_return co_await ports_.directory.add_domain(std::move(*domain));
}

Task<Result<AppliedChange>> UserAdmin::remove_domain(std::string name) {
  auto domain = canonical_domain(name);
  if (!domain) co_return tl::unexpected(domain.error());
  co_return co_await ports_.directory.remove_domain(std::move(*domain));
}

Task<Result<std::vector<DomainRow>>> UserAdmin::domains(std::string after, std::size_t domains_max) {
  const auto records = co_await ports_.view.domains();
  if (!records) co_return tl::unexpected(records.error());
  std::vector<DomainRow> rows;
  for (const auto& record : *records) {
    if (record.name() <= after) continue;
    if (rows.size() == domains_max) break;
    auto row = co_await row_of(record);
    if (!row) co_return tl::unexpected(row.error());
    rows.push_back(std::move(*row));
  }
  co_return rows;
}

Task<Result<DomainRow>> UserAdmin::row_of(directory::Domain record) {
  const auto users = co_await ports_.view.count_users(record.name());
  if (!users) co_return tl::unexpected(users.error());
  co_return DomainRow{record.name(), *users, record.alias_of(), record.catch_all()};
}

Task<Result<DomainRow>> UserAdmin::domain(std::string name) {
  const auto domain = canonical_domain(name);
  if (!domain) co_return tl::unexpected(domain.error());
  const auto record = co_await ports_.view.domain(*domain);
  if (!record && record.error().code == Errc::not_found)
    co_return fail(Errc::not_found, "no domain " + *domain);
  if (!record) co_return tl::unexpected(record.error());
  co_return co_await row_of(*record);
}

Task<Result<AppliedChange>> UserAdmin::add_alias(std::string alias, std::string target, bool replace) {
  auto name = canonical(alias);
  if (!name) co_return tl::unexpected(name.error());
  const auto id = co_await find(std::move(target));
  if (!id) co_return tl::unexpected(id.error());
  co_return co_await ports_.directory.add_alias(std::move(*name), *id, replace);
}

Task<Result<AppliedChange>> UserAdmin::remove_alias(std::string alias) {
  auto name = canonical(alias);
  if (!name) co_return tl::unexpected(name.error());
  co_return co_await ports_.directory.remove_alias(std::move(*name));
}

Task<Result<AliasRow>> UserAdmin::alias(std::string address) {
  const auto name = canonical(address);
  if (!name) co_return tl::unexpected(name.error());
  const auto record = co_await ports_.view.address(*name);
  const bool is_none = record ? !record->alias() : record.error().code == Errc::not_found;
  if (is_none) co_return fail(Errc::not_found, "no alias " + *name);
  if (!record) co_return tl::unexpected(record.error());
  const auto id = id_of(record->user());
  if (!id) co_return tl::unexpected(id.error());
  const auto user = co_await ports_.view.user(*id);
  if (!user) co_return tl::unexpected(naming_user(user.error(), *name));
  co_return AliasRow{*name, user->address()};
}

Task<Result<std::vector<AliasRow>>> UserAdmin::aliases(std::string after, std::size_t aliases_max) {
  std::vector<AliasRow> rows;
  std::string from = after;
  do {
    const auto page = co_await ports_.view.aliases({}, from, page_max);
    if (!page) co_return tl::unexpected(page.error());
    for (const auto& [address, id] : page->aliases) {
      if (address == after) continue;
      if (rows.size() == aliases_max) co_return rows;
      const auto user = co_await ports_.view.user(id);
      if (!user && user.error().code != Errc::not_found) co_return tl::unexpected(user.error());
      if (user) rows.push_back({address, user->address()});
    }
    from = page->next;
  } while (!from.empty());
  co_return rows;
}

Task<Result<AppliedChange>> UserAdmin::set_postmaster(std::string address) {
  const auto id = co_await find(std::move(address));
  if (!id) co_return tl::unexpected(id.error());
  co_return co_await ports_.directory.set_postmaster(*id);
}

Task<Result<std::string>> UserAdmin::postmaster() {
  const auto user = co_await ports_.view.postmaster();
  if (!user) co_return tl::unexpected(user.error());
  co_return user->address();
}

Task<Result<std::size_t>> UserAdmin::sweep_removed_users() {
  const auto tombstones = co_await ports_.view.tombstones();
  if (!tombstones) co_return tl::unexpected(tombstones.error());
  const auto kept = to_micros(removed_user_kept);
  std::size_t gone = 0;
  for (const auto& tombstone : *tombstones) {
    if (tombstone.removed() + kept > ports_.clock.wall()) continue;
    const auto id = id_of(tombstone.user());
    if (!id) co_return tl::unexpected(id.error());
    if (const auto removed = co_await ports_.mailboxes.remove_user(*id); !removed) {
      co_return tl::unexpected(removed.error());
    }
    directory::Change change;
    change.mutable_forget_user()->set_id(tombstone.user());
    const auto forgotten = co_await ports_.directory.change(std::move(change));
    if (!forgotten && forgotten.error().code != Errc::not_found) co_return tl::unexpected(forgotten.error());
    log(Level::info, "user.data_removed", {{"user", id->hex()}, {"address", tombstone.address()}});
    ++gone;
  }
  co_return gone;
}

}  // namespace gridmail
