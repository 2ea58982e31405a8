// The part of ChangeWriter about addresses that lead to others, and who may send in whose name: lists,
// forwarding, delegates, catch-all.
#include <algorithm>

#include "storage/directory/change_writer.hpp"
#include "storage/directory/sealed_secret.hpp"

namespace gridmail {
namespace {

constexpr std::size_t members_max = 2000;
constexpr std::size_t forwards_max = 20;
constexpr std::size_t delegates_max = 100;
constexpr int srs_secrets_max = 4;
/// An operation holds the old list and the new one.
constexpr std::size_t member_bytes_max = 300 * 1024;

bool is_address(const std::string& address) {
  const auto [local, domain] = split_address(address);
  return !local.empty() && local.size() <= 255 && !domain.empty() && domain.size() <= 255;
}

}  // namespace

Task<Result<void>> ChangeWriter::set_srs_secrets(const directory::SetSrsSecrets& change) {
  auto settings = co_await load<directory::Settings>(keys_.settings());
  if (!settings) co_return tl::unexpected(settings.error());
  auto record = settings->value_or(directory::Settings{});
  if (record.srs_version() != change.expected_version())
    co_return fail(Errc::conflict, "the secrets of forwarded mail were changed meanwhile");
  const bool fits = change.secrets_size() > 0 && change.secrets_size() <= srs_secrets_max &&
                    std::all_of(change.secrets().begin(), change.secrets().end(),
                                [](const auto& secret) { return is_sealed(secret.sealed()); });
  if (!fits) co_return fail(Errc::invalid, "not secrets of forwarded mail");
  record.clear_srs_secret();
  *record.mutable_srs_secrets() = change.secrets();
  record.set_srs_version(change.expected_version() + 1);
  co_return co_await put(keys_.settings(), record.SerializeAsString());
}

Task<Result<void>> ChangeWriter::set_catch_all(const directory::SetCatchAll& change) {
  auto domain = co_await own_domain(change.domain());
  if (!domain) co_return tl::unexpected(domain.error());
  if (!change.address().empty() && !is_address(change.address()))
    co_return fail(Errc::invalid, "not an address: " + change.address());
  domain->set_catch_all(change.address());
  co_return co_await put(keys_.domain(change.domain()), domain->SerializeAsString());
}

Task<Result<void>> ChangeWriter::set_forwarding(const directory::SetForwarding& change) {
  auto user = co_await existing_user(change.user());
  if (!user) co_return tl::unexpected(user.error());
  if (static_cast<std::size_t>(change.to_size()) > forwards_max)
    co_return fail(Errc::invalid, "mail is forwarded to 20 addresses at most; a list may have more");
  user->clear_forward_to();
  for (const auto& address : change.to()) {
    if (!is_address(address)) co_return fail(Errc::invalid, "not an address: " + address);
    user->add_forward_to(address);
  }
  user->set_forward_only(change.only() && change.to_size() > 0);
  // The version stays: what was verified of the password still holds.
  co_return co_await put(keys_.user(*UserId::from_bytes(user->id())), user->SerializeAsString());
}

Task<Result<void>> ChangeWriter::set_delegates(const directory::SetDelegates& change) {
  auto user = co_await existing_user(change.user());
  if (!user) co_return tl::unexpected(user.error());
  if (static_cast<std::size_t>(change.delegates_size()) > delegates_max)
    co_return fail(Errc::invalid, "a user has 100 delegates at most");
  user->clear_delegates();
  for (const auto& id : change.delegates()) {
    const auto delegate = co_await existing_user(id);
    if (!delegate) co_return tl::unexpected(delegate.error());
    user->add_delegates(id);
  }
  co_return co_await put(keys_.user(*UserId::from_bytes(user->id())), user->SerializeAsString());
}

Task<Result<void>> ChangeWriter::put_list(const std::string& address, std::set<std::string> members) {
  std::size_t bytes = 0;
  directory::MemberList list;
  list.set_address(address);
  for (const auto& member : members) {
    if (!is_address(member)) co_return fail(Errc::invalid, "not an address: " + member);
    bytes += member.size();
    list.add_members(member);
  }
  if (members.size() > members_max || bytes > member_bytes_max)
    co_return fail(Errc::too_large, "a list has 2000 members at most; lists may have lists as members");
  co_return co_await put(keys_.list(address), list.SerializeAsString());
}

Task<Result<void>> ChangeWriter::add_list(const directory::AddList& change) {
  if (auto free = co_await check_free(change.address()); !free) co_return free;
  directory::Address record;
  record.set_list(true);
  if (auto done = co_await put(keys_.address(change.address()), record.SerializeAsString()); !done)
    co_return done;
  std::set<std::string> members(change.members().begin(), change.members().end());
  co_return co_await put_list(change.address(), std::move(members));
}

Task<Result<void>> ChangeWriter::change_list(const directory::ChangeList& change) {
  const auto list = co_await load<directory::MemberList>(keys_.list(change.address()));
  if (!list) co_return tl::unexpected(list.error());
  if (!*list) co_return fail(Errc::not_found, "no list " + change.address());
  std::set<std::string> members((*list)->members().begin(), (*list)->members().end());
  for (const auto& gone : change.removed()) {
    if (members.erase(gone) == 0)
      co_return fail(Errc::not_found, gone + " is no member of " + change.address());
  }
  members.insert(change.added().begin(), change.added().end());
  co_return co_await put_list(change.address(), std::move(members));
}

Task<Result<void>> ChangeWriter::remove_list(const directory::RemoveList& change) {
  if (auto removed = co_await remove_existing(keys_.list(change.address()), "list " + change.address());
      !removed) {
    co_return removed;
  }
  co_return co_await remove(keys_.address(change.address()));
}

}  // namespace gridmail
