#include "storage/directory/directory_view.hpp"

#include <algorithm>

#include "storage/directory/default_limits.hpp"
#include "storage/directory/directory_client.hpp"
#include "storage/directory/record_codec.hpp"

namespace gridmail {
namespace {

constexpr std::size_t page_pairs_max = 512;
constexpr std::size_t page_bytes_max = 1 << 20;

Error miss(bool fresh, std::string what) {
  if (fresh) return {Errc::not_found, std::move(what)};
  return {Errc::unavailable, "the directory here is out of date: " + what};
}

Result<UserId> id_in(const Bytes& bytes) {
  const auto id = UserId::from_bytes(bytes);
  if (!id) return fail(Errc::corrupted, "an address names no user");
  return *id;
}

}  // namespace

template <class Record>
Task<Result<Record>> DirectoryView::find(Bytes key, std::string what) const {
  const bool fresh = followed_.fresh();  // asked first: what is read then is at least that new
  const auto value = co_await store_.get(Family::meta, std::move(key));
  auto record = decode_stored<Record>(value);
  if (!record) co_return tl::unexpected(record.error());
  if (!*record) co_return tl::unexpected(miss(fresh, std::move(what)));
  co_return std::move(**record);
}

template <class Record>
Task<Result<std::vector<Record>>> DirectoryView::list(KeyRange range) const {
  if (!followed_.fresh()) co_return tl::unexpected(miss(false, "list"));
  co_return co_await read_all<Record>(std::move(range));
}

template <class Record>
Task<Result<std::vector<Record>>> DirectoryView::read_all(KeyRange range) const {
  const auto snapshot = store_.snapshot();
  std::vector<Record> records;
  for (bool more = true; more;) {
    const auto page =
        co_await snapshot->scan(Family::meta, range.first, range.last, page_pairs_max, page_bytes_max);
    if (!page) co_return tl::unexpected(page.error());
    for (const auto& pair : page->pairs) {
      auto record = decode_record<Record>(pair.value);
      if (!record) co_return tl::unexpected(record.error());
      records.push_back(std::move(*record));
    }
    more = page->more && !page->pairs.empty();
    if (more) range.first = page->pairs.back().key + '\0';
  }
  co_return records;
}

Task<Result<Bytes>> DirectoryView::stored(Bytes tail) const {
  const bool fresh = followed_.fresh();
  auto value = co_await store_.get(Family::meta, keys_.with_tail(tail));
  if (!value) co_return tl::unexpected(value.error());
  if (!*value) co_return tl::unexpected(miss(fresh, "record"));
  co_return std::move(**value);
}

Task<Result<directory::User>> DirectoryView::resolve(std::string address) const {
  const auto record = co_await this->address(std::move(address));
  if (!record) co_return tl::unexpected(record.error());
  if (record->list()) co_return fail(Errc::not_found, "user");
  const auto id = id_in(record->user());
  if (!id) co_return tl::unexpected(id.error());
  co_return co_await user(*id);
}

Task<Result<directory::Address>> DirectoryView::address(std::string address) const {
  return find<directory::Address>(keys_.address(address), "user");
}

Task<Result<directory::MemberList>> DirectoryView::member_list(std::string address) const {
  return find<directory::MemberList>(keys_.list(address), "list");
}

Task<Result<directory::Settings>> DirectoryView::settings() const {
  auto record = co_await find<directory::Settings>(keys_.settings(), "settings");
  if (record) record->set_limits(limits_in(*record));
  co_return record;
}

Task<Result<directory::User>> DirectoryView::user(UserId id) const {
  return find<directory::User>(keys_.user(id), "user");
}

Task<Result<directory::User>> DirectoryView::postmaster() const {
  const auto settings = co_await this->settings();
  // The settings are made with the grid: without them this replica has not begun.
  if (!settings) co_return tl::unexpected(Error{Errc::unavailable, settings.error().text});
  const auto id = id_in(settings->postmaster());
  if (!id) co_return tl::unexpected(id.error());
  co_return co_await user(*id);
}

Task<Result<directory::Domain>> DirectoryView::domain(std::string name) const {
  return find<directory::Domain>(keys_.domain(name), "domain");
}

Task<Result<directory::Admin>> DirectoryView::admin(std::string name) const {
  return find<directory::Admin>(keys_.admin(name), "administrator");
}

Task<Result<directory::Token>> DirectoryView::token(Bytes secret, WallMicros now) const {
  auto record = co_await find<directory::Token>(keys_.token(hash_of_secret(secret)), "token");
  if (record && record->expires() != 0 && record->expires() <= now) co_return fail(Errc::not_found, "token");
  co_return record;
}

Task<Result<std::vector<directory::AppPassword>>> DirectoryView::app_passwords_of(UserId user) const {
  return read_all<directory::AppPassword>(keys_.app_passwords_of(user));
}

Task<Result<directory::Session>> DirectoryView::session(Bytes secret, WallMicros now) const {
  auto record = co_await find<directory::Session>(keys_.session(hash_of_secret(secret)), "session");
  if (record && record->expires() <= now) co_return fail(Errc::not_found, "session");
  co_return record;
}

Task<Result<std::vector<directory::Session>>> DirectoryView::sessions() const {
  return list<directory::Session>(keys_.sessions());
}

Task<Result<directory::KeptAnswer>> DirectoryView::kept_answer(Bytes id) const {
  const auto value = co_await store_.get(Family::meta, keys_.answer(id));
  auto record = decode_stored<directory::KeptAnswer>(value);
  if (!record) co_return tl::unexpected(record.error());
  if (!*record) co_return fail(Errc::not_found, "answer");
  co_return std::move(**record);
}

Task<Result<std::vector<directory::Domain>>> DirectoryView::domains() const {
  return list<directory::Domain>(keys_.domains());
}
Task<Result<std::vector<directory::Admin>>> DirectoryView::admins() const {
  return list<directory::Admin>(keys_.admins());
}
Task<Result<std::vector<directory::Token>>> DirectoryView::tokens() const {
  return list<directory::Token>(keys_.tokens());
}
Task<Result<std::vector<directory::Certificate>>> DirectoryView::certificates() const {
  return list<directory::Certificate>(keys_.certificates());
}

Task<Result<std::vector<directory::JoinToken>>> DirectoryView::join_tokens() const {
  return list<directory::JoinToken>(keys_.join_tokens());
}
Task<Result<directory::Route>> DirectoryView::route(std::string domain) const {
  return find<directory::Route>(keys_.route(domain), "route");
}
Task<Result<std::vector<directory::Route>>> DirectoryView::routes() const {
  return list<directory::Route>(keys_.routes());
}
Task<Result<std::vector<directory::ConfigVersion>>> DirectoryView::config_versions() const {
  return list<directory::ConfigVersion>(keys_.config_versions());
}
Task<Result<std::vector<directory::MemberList>>> DirectoryView::member_lists() const {
  return list<directory::MemberList>(keys_.lists());
}
Task<Result<std::vector<directory::DkimKey>>> DirectoryView::dkim_keys() const {
  return list<directory::DkimKey>(keys_.dkim_keys());
}
Task<Result<std::vector<directory::DkimKey>>> DirectoryView::dkim_keys_of(std::string domain) const {
  return read_all<directory::DkimKey>(keys_.dkim_keys_of(domain));
}
Task<Result<std::vector<directory::Tombstone>>> DirectoryView::tombstones() const {
  return list<directory::Tombstone>(keys_.tombstones());
}

Task<Result<std::vector<directory::AuditEntry>>> DirectoryView::audit(std::uint64_t before,
                                                                      std::size_t entries_max) const {
  const auto value = co_await store_.get(Family::meta, keys_.audit_book());
  const auto stored = decode_stored<directory::AuditBook>(value);
  if (!stored) co_return tl::unexpected(stored.error());
  const auto book = stored->value_or(directory::AuditBook{});
  const auto end = std::min(before, book.next());
  const auto begin = end > entries_max ? end - entries_max : 0;
  KeyRange range{keys_.audit_entry(begin), keys_.audit_entry(end)};
  if (begin >= end) co_return std::vector<directory::AuditEntry>{};
  auto entries = co_await read_all<directory::AuditEntry>(std::move(range));
  if (entries) std::reverse(entries->begin(), entries->end());
  co_return entries;
}

Task<Result<std::vector<std::string>>> DirectoryView::aliases_of(UserId user) const {
  if (!followed_.fresh()) co_return tl::unexpected(miss(false, "aliases"));
  const auto snapshot = store_.snapshot();
  auto range = keys_.aliases_of(user);
  std::vector<std::string> aliases;
  for (bool more = true; more;) {
    const auto page =
        co_await snapshot->scan(Family::meta, range.first, range.last, page_pairs_max, page_bytes_max);
    if (!page) co_return tl::unexpected(page.error());
    for (const auto& pair : page->pairs) aliases.push_back(keys_.alias_in(pair.key));
    more = page->more && !page->pairs.empty();
    if (more) range.first = page->pairs.back().key + '\0';
  }
  co_return aliases;
}

Task<Result<DirectoryView::AddressPage>> DirectoryView::addresses(std::string domain, std::string from,
                                                                  std::size_t count_max, bool aliases) const {
  if (!followed_.fresh()) co_return tl::unexpected(miss(false, "addresses"));
  const auto snapshot = store_.snapshot();
  auto range = domain.empty() ? keys_.addresses() : keys_.addresses_of(domain);
  if (!from.empty()) range.first = std::max(range.first, keys_.address(from));
  AddressPage result;
  for (bool more = true; more;) {
    const auto page =
        co_await snapshot->scan(Family::meta, range.first, range.last, page_pairs_max, page_bytes_max);
    if (!page) co_return tl::unexpected(page.error());
    for (const auto& pair : page->pairs) {
      auto record = decode_record<directory::Address>(pair.value);
      if (!record) co_return tl::unexpected(record.error());
      if (record->list() || record->alias() != aliases) continue;
      if (result.addresses.size() == count_max) {
        result.next = keys_.address_in(pair.key);
        co_return result;
      }
      result.addresses.emplace_back(keys_.address_in(pair.key), std::move(*record));
    }
    more = page->more && !page->pairs.empty();
    if (more) range.first = page->pairs.back().key + '\0';
  }
  co_return result;
}

Task<Result<DirectoryView::UserPage>> DirectoryView::users(std::string domain, std::string from,
                                                           std::size_t users_max) const {
  const auto page = co_await addresses(std::move(domain), std::move(from), users_max, false);
  if (!page) co_return tl::unexpected(page.error());
  UserPage result;
  result.next = page->next;
  for (const auto& [address, record] : page->addresses) {
    const auto id = id_in(record.user());
    if (!id) co_return tl::unexpected(id.error());
    auto found = co_await user(*id);
    if (!found && found.error().code == Errc::not_found) continue;  // removed while we read
    if (!found) co_return tl::unexpected(found.error());
    result.users.push_back(std::move(*found));
  }
  co_return result;
}

Task<Result<std::uint64_t>> DirectoryView::count_users(std::string domain) const {
  const auto page = co_await addresses(std::move(domain), {}, SIZE_MAX, false);
  if (!page) co_return tl::unexpected(page.error());
  co_return page->addresses.size();
}

Task<Result<DirectoryView::AliasPage>> DirectoryView::aliases(std::string domain, std::string from,
                                                              std::size_t aliases_max) const {
  const auto page = co_await addresses(std::move(domain), std::move(from), aliases_max, true);
  if (!page) co_return tl::unexpected(page.error());
  AliasPage result;
  result.next = page->next;
  for (const auto& [address, record] : page->addresses) {
    const auto id = id_in(record.user());
    if (!id) co_return tl::unexpected(id.error());
    result.aliases.emplace_back(address, *id);
  }
  co_return result;
}

}  // namespace gridmail
