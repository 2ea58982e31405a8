#include "node/services/directory/recipient_admin.hpp"

#include <algorithm>

#include "node/services/directory/canonical_domain.hpp"

namespace gridmail {
namespace {

Result<std::string> canonical_recipient(const std::string& address) {
  auto text = text::canonical_address(address);
  if (!text || text->find('@') == std::string::npos) return fail(Errc::invalid, "not an address: " + address);
  return std::move(*text);
}

Error named(Error error, const std::string& what) {
  if (error.code == Errc::not_found) error.text = "no " + what;
  return error;
}

}  // namespace

/// Ours in canonical form; elsewhere nobody but the other server knows what case means.
Task<Result<std::vector<std::string>>> RecipientAdmin::stored(std::vector<std::string> addresses) {
  std::vector<std::string> all;
  for (const auto& address : addresses) {
    auto name = canonical_recipient(address);
    if (!name) co_return tl::unexpected(name.error());
    const std::string domain(split_address(*name).second);
    const auto ours = co_await ports_.view.domain(domain);
    if (!ours && ours.error().code != Errc::not_found) co_return tl::unexpected(ours.error());
    all.push_back(ours ? std::move(*name) : address.substr(0, address.rfind('@') + 1) + domain);
  }
  co_return all;
}

Task<Result<AppliedChange>> RecipientAdmin::add_domain_alias(std::string name, std::string of) {
  auto alias = canonical_domain(name), main = canonical_domain(of);
  if (!alias) co_return tl::unexpected(alias.error());
  if (!main) co_return tl::unexpected(main.error());
  directory::Change change;
  change.mutable_add_domain()->set_name(*alias);
  change.mutable_add_domain()->set_alias_of(*main);
  co_return co_await ports_.directory.change(std::move(change));
}

Task<Result<AppliedChange>> RecipientAdmin::set_catch_all(std::string domain, std::string address) {
  auto name = canonical_domain(domain);
  if (!name) co_return tl::unexpected(name.error());
  directory::Change change;
  change.mutable_set_catch_all()->set_domain(*name);
  if (!address.empty()) {
    auto target = canonical_recipient(address);
    if (!target) co_return tl::unexpected(target.error());
    change.mutable_set_catch_all()->set_address(*target);
  }
  co_return co_await ports_.directory.change(std::move(change));
}

Task<Result<std::vector<directory::MemberList>>> RecipientAdmin::lists() {
  return ports_.view.member_lists();
}

Task<Result<directory::MemberList>> RecipientAdmin::list(std::string address) {
  const auto name = canonical_recipient(address);
  if (!name) co_return tl::unexpected(name.error());
  auto found = co_await ports_.view.member_list(*name);
  if (!found) co_return tl::unexpected(named(found.error(), "list " + *name));
  co_return found;
}

Task<Result<AppliedChange>> RecipientAdmin::add_list(std::string address, std::vector<std::string> members) {
  const auto name = canonical_recipient(address);
  if (!name) co_return tl::unexpected(name.error());
  const auto all = co_await stored(std::move(members));
  if (!all) co_return tl::unexpected(all.error());
  directory::Change change;
  auto& list = *change.mutable_add_list();
  list.set_address(*name);
  for (const auto& member : *all) list.add_members(member);
  co_return co_await ports_.directory.change(std::move(change));
}

Task<Result<AppliedChange>> RecipientAdmin::change_list(std::string address, std::vector<std::string> added,
                                                        std::vector<std::string> removed) {
  const auto list = co_await this->list(std::move(address));
  if (!list) co_return tl::unexpected(list.error());
  const auto new_ones = co_await stored(std::move(added));
  if (!new_ones) co_return tl::unexpected(new_ones.error());
  directory::Change change;
  auto& wish = *change.mutable_change_list();
  wish.set_address(list->address());
  for (const auto& member : *new_ones) wish.add_added(member);
  for (const auto& gone : removed) {  // found however it is written
    const auto name = text::canonical_address(gone);
    const auto same = std::find_if(list->members().begin(), list->members().end(), [&](const auto& member) {
      return name && text::canonical_address(member) == name;
    });
    wish.add_removed(same != list->members().end() ? *same : gone);
  }
  co_return co_await ports_.directory.change(std::move(change));
}

Task<Result<AppliedChange>> RecipientAdmin::remove_list(std::string address) {
  const auto name = canonical_recipient(address);
  if (!name) co_return tl::unexpected(name.error());
  directory::Change change;
  change.mutable_remove_list()->set_address(*name);
  co_return co_await ports_.directory.change(std::move(change));
}

/// Also by an alias.
Task<Result<directory::User>> RecipientAdmin::user(std::string address) {
  const auto name = canonical_recipient(address);
  if (!name) co_return tl::unexpected(name.error());
  auto record = co_await ports_.view.resolve(*name);
  if (!record) co_return tl::unexpected(named(record.error(), "user " + *name));
  co_return record;
}

Task<Result<std::vector<std::string>>> RecipientAdmin::delegates(std::string user) {
  const auto record = co_await this->user(std::move(user));
  if (!record) co_return tl::unexpected(record.error());
  std::vector<std::string> addresses;
  for (const auto& id : record->delegates()) {
    const auto delegate = co_await ports_.view.user(UserId::from_bytes(id).value_or(UserId{}));
    if (delegate) {
      addresses.push_back(delegate->address());
    } else if (delegate.error().code != Errc::not_found) {  // who is gone sends nothing
      co_return tl::unexpected(delegate.error());
    }
  }
  co_return addresses;
}

Task<Result<AppliedChange>> RecipientAdmin::set_delegates(std::string user,
                                                          std::vector<std::string> delegates) {
  const auto record = co_await this->user(std::move(user));
  if (!record) co_return tl::unexpected(record.error());
  directory::Change change;
  auto& wish = *change.mutable_set_delegates();
  wish.set_user(record->id());
  for (auto& address : delegates) {
    const auto delegate = co_await this->user(std::move(address));
    if (!delegate) co_return tl::unexpected(delegate.error());
    wish.add_delegates(delegate->id());
  }
  co_return co_await ports_.directory.change(std::move(change));
}

Task<Result<Forwarding>> RecipientAdmin::forwarding(std::string user) {
  const auto record = co_await this->user(std::move(user));
  if (!record) co_return tl::unexpected(record.error());
  Forwarding result;
  result.to.assign(record->forward_to().begin(), record->forward_to().end());
  result.only = record->forward_only();
  co_return result;
}

Task<Result<AppliedChange>> RecipientAdmin::set_forwarding(std::string user, Forwarding forwarding) {
  const auto record = co_await this->user(std::move(user));
  if (!record) co_return tl::unexpected(record.error());
  const auto to = co_await stored(std::move(forwarding.to));
  if (!to) co_return tl::unexpected(to.error());
  directory::Change change;
  auto& wish = *change.mutable_set_forwarding();
  wish.set_user(record->id());
  for (const auto& address : *to) wish.add_to(address);
  wish.set_only(forwarding.only);
  co_return co_await ports_.directory.change(std::move(change));
}

}  // namespace gridmail
