#include "node/services/directory/recipient_search.hpp"

#include <deque>
#include <set>

#include "node/base/log.hpp"
#include "protocols/srs/sender_rewriting.hpp"
#include "protocols/text/normalization.hpp"

namespace gridmail {
namespace {

constexpr std::size_t targets_max = 2000;

bool is_miss(const Error& error) {
  return error.code == Errc::not_found;
}

/// Whether looking further makes sense: what was found, or could not be read, is the answer.
template <class Value>
bool settles(const Result<Value>& found) {
  return found || !is_miss(found.error());
}

/// The local part as it was written, the domain as it is asked for.
std::string with_ascii_domain(const std::string& address) {
  const auto at = address.rfind('@') + 1;
  return address.substr(0, at) + text::to_ascii_domain(std::string_view(address).substr(at)).value_or("");
}

}  // namespace

Task<Result<RecipientSearch::Found>> RecipientSearch::exact(std::string canonical) const {
  const auto record = co_await view_.address(canonical);
  if (!record) co_return tl::unexpected(record.error());
  Found found;
  found.address = canonical;
  if (record->list()) co_return found;
  const auto id = UserId::from_bytes(record->user());
  if (!id) co_return fail(Errc::corrupted, "an address names no user");
  auto user = co_await view_.user(*id);
  if (!user) co_return tl::unexpected(user.error());
  found.address = user->address();
  found.user = std::move(*user);
  co_return found;
}

Task<Result<RecipientSearch::Found>> RecipientSearch::postmaster() const {
  auto user = co_await view_.postmaster();
  if (!user) co_return tl::unexpected(user.error());
  Found found;
  found.address = user->address();
  found.user = std::move(*user);
  co_return found;
}

Task<Result<RecipientSearch::Found>> RecipientSearch::find(std::string address) const {
  const auto canonical = text::canonical_address(address);
  if (!canonical) co_return fail(Errc::invalid, "not an address");
  if (*canonical == "postmaster") co_return co_await postmaster();
  auto found = co_await exact(*canonical);
  if (settles(found)) co_return found;
  const auto parts = split_address(*canonical);
  const std::string local(parts.first), name(parts.second);
  if (name.empty()) co_return fail(Errc::not_found, "user");
  auto domain = co_await view_.domain(name);
  if (!domain)
    co_return tl::unexpected(is_miss(domain.error()) ? Error{Errc::not_found, "relay"} : domain.error());
  if (!domain->alias_of().empty()) {
    const std::string main_name = domain->alias_of();
    found = co_await exact(local + "@" + main_name);
    if (settles(found)) co_return found;
    domain = co_await view_.domain(main_name);
    if (!domain)
      co_return tl::unexpected(is_miss(domain.error()) ? Error{Errc::not_found, "user"} : domain.error());
  }
  co_return co_await other_than_exact(std::move(address), local, std::move(*domain));
}

Task<Result<RecipientSearch::Found>> RecipientSearch::other_than_exact(std::string address, std::string local,
                                                                       directory::Domain domain) const {
  if (srs::is_rewritten(local)) {
    auto sender = co_await sender_of(std::move(address));
    if (settles(sender)) co_return sender;
  }
  const auto plus = local.find('+');
  if (plus != std::string::npos && plus > 0) {
    auto found = co_await exact(local.substr(0, plus) + "@" + domain.name());
    if (settles(found)) co_return found;
  }
  // RFC 5321, section 4.5.1: postmaster is accepted for every domain that is served; RFC 2142: so is abuse.
  if (local == "postmaster" || local == "abuse") co_return co_await postmaster();
  if (!domain.catch_all().empty()) co_return co_await catch_all(domain.catch_all());
  co_return fail(Errc::not_found, "user");
}

Task<Result<RecipientSearch::Found>> RecipientSearch::sender_of(std::string address) const {
  const auto secrets = co_await secrets_.all();
  if (!secrets) co_return tl::unexpected(secrets.error());
  std::optional<std::string> sender;
  for (const auto& secret : *secrets) {
    if (!sender) sender = srs::original_sender(address, secret, clock_.wall());
  }
  if (!sender) co_return fail(Errc::not_found, "user");
  Found found;
  found.address = with_ascii_domain(*sender);
  found.is_returned = true;
  co_return found;
}

/// It leads no further than to an address that somebody has, or to somebody elsewhere.
Task<Result<RecipientSearch::Found>> RecipientSearch::catch_all(std::string address) const {
  auto found = co_await exact(address);
  if (!found && is_miss(found.error())) {
    const auto ours = co_await view_.domain(std::string(split_address(address).second));
    if (ours) co_return fail(Errc::not_found, "user");
    if (!is_miss(ours.error())) co_return tl::unexpected(ours.error());
    found = Found{};
    found->address = address;
  }
  if (found) found->is_catch_all = true;
  co_return found;
}

struct RecipientSearch::Expansion {
  std::vector<ports::Target> targets;
  std::deque<std::string> open;
  std::set<std::string> seen;  ///< addresses, and users' ids
};

Task<Result<std::vector<ports::Target>>> RecipientSearch::expand(std::string address) const {
  Expansion expansion;
  expansion.open.push_back(address);
  while (!expansion.open.empty()) {
    auto next = std::move(expansion.open.front());
    expansion.open.pop_front();
    if (expansion.seen.size() > 2 * targets_max || expansion.targets.size() > targets_max)
      co_return fail(Errc::too_large, address + " leads to more than 2000 recipients");
    if (auto taken = co_await take(expansion, std::move(next)); !taken)
      co_return tl::unexpected(taken.error());
  }
  if (expansion.targets.empty()) {
    auto found = co_await find(address);
    if (!found || !found->user) found = co_await postmaster();
    if (!found) co_return tl::unexpected(found.error());
    const auto id = UserId::from_bytes(found->user->id());
    if (!id) co_return fail(Errc::corrupted, "a user's record without an id");
    log(Level::warn, "recipient.leads_to_nobody", {{"address", address}, {"goes_to", found->address}});
    expansion.targets.push_back({*id, found->address, false});
  }
  co_return std::move(expansion.targets);
}

Task<Result<void>> RecipientSearch::take(Expansion& expansion, std::string address) const {
  const auto canonical = text::canonical_address(address);
  if (!canonical || !expansion.seen.insert(*canonical).second) co_return Result<void>{};
  const auto found = co_await find(address);
  if (!found && is_miss(found.error()) && found.error().text == "relay") {
    expansion.targets.push_back({UserId{}, with_ascii_domain(address), false});
    co_return Result<void>{};
  }
  if (!found && (is_miss(found.error()) || found.error().code == Errc::invalid)) {
    log(Level::warn, "recipient.member_is_gone", {{"address", *canonical}});
    co_return Result<void>{};
  }
  if (!found) co_return tl::unexpected(found.error());
  if (found->user) {
    const auto& user = *found->user;
    if (!expansion.seen.insert(user.id()).second) co_return Result<void>{};
    expansion.open.insert(expansion.open.end(), user.forward_to().begin(), user.forward_to().end());
    const auto id = UserId::from_bytes(user.id());
    if (!id) co_return fail(Errc::corrupted, "a user's record without an id");
    if (!user.forward_only()) expansion.targets.push_back({*id, user.address(), false});
    co_return Result<void>{};
  }
  const auto list = co_await view_.member_list(found->address);
  if (list) expansion.open.insert(expansion.open.end(), list->members().begin(), list->members().end());
  if (list) co_return Result<void>{};
  if (!is_miss(list.error())) co_return tl::unexpected(list.error());
  expansion.targets.push_back({UserId{}, found->address, false});  // a catch-all's, elsewhere
  co_return Result<void>{};
}

Task<Result<std::string>> RecipientSearch::forwarding_sender(std::string sender, std::string via) const {
  const auto at = sender.rfind('@');
  if (at == std::string::npos || via.empty()) co_return sender;
  const auto domain = text::to_ascii_domain(std::string_view(sender).substr(at + 1));
  if (!domain) co_return sender;
  const auto ours = co_await view_.domain(*domain);
  if (ours) co_return sender;
  if (!is_miss(ours.error())) co_return tl::unexpected(ours.error());
  const auto secrets = co_await secrets_.all();
  if (!secrets) co_return tl::unexpected(secrets.error());
  if (secrets->empty()) co_return sender;
  auto rewritten = srs::rewritten_sender(sender, via, secrets->front(), clock_.wall());
  co_return rewritten ? std::move(*rewritten) : sender;
}

}  // namespace gridmail
