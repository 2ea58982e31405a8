#include "node/domain_control_binding.hpp"

#include "node/applied.hpp"
#include "node/client_control_binding.hpp"
#include "protocols/text/normalization.hpp"

namespace gridmail {
namespace {

std::string_view name_of(directory::DkimKey::State state) {
  switch (state) {
    case directory::DkimKey::ACTIVE:
      return "active";
    case directory::DkimKey::RETIRED:
      return "retired";
    default:
      return "published";
  }
}

api::DkimKey key_of(const DkimKeyRow& row) {
  return {row.domain,
          row.selector,
          std::string(dkim::name_of(row.algorithm)),
          std::string(name_of(row.state)),
          row.created,
          row.record_name,
          row.record};
}

}  // namespace

Task<Result<std::vector<api::DkimKey>>> DomainControlBinding::dkim_keys(std::string domain) {
  const auto rows = co_await parts_.as.domains.dkim_keys(std::move(domain));
  if (!rows) co_return tl::unexpected(rows.error());
  std::vector<api::DkimKey> keys;
  for (const auto& row : *rows) keys.push_back(key_of(row));
  co_return keys;
}

Task<Result<api::AddedDkimKey>> DomainControlBinding::add_dkim_key(std::string domain, std::string algorithm,
                                                                   std::string selector) {
  const auto known = dkim::algorithm_named(algorithm);
  if (!known) co_return fail(Errc::invalid, "an algorithm is rsa or ed25519, not " + algorithm);
  const auto added = co_await parts_.as.domains.add_dkim_key(std::move(domain), *known, std::move(selector));
  if (!added) co_return tl::unexpected(added.error());
  api::AddedDkimKey result;
  result.key = key_of(added->key);
  result.applied.not_yet_on = added->applied.lagging;
  co_return result;
}

Task<Result<api::Applied>> DomainControlBinding::activate_dkim_key(std::string domain, std::string selector) {
  const auto changed = co_await parts_.as.domains.set_dkim_key_state(std::move(domain), std::move(selector),
                                                                     directory::DkimKey::ACTIVE);
  co_return applied(changed);
}

Task<Result<api::Applied>> DomainControlBinding::retire_dkim_key(std::string domain, std::string selector) {
  const auto changed = co_await parts_.as.domains.set_dkim_key_state(std::move(domain), std::move(selector),
                                                                     directory::DkimKey::RETIRED);
  co_return applied(changed);
}

Task<Result<api::Applied>> DomainControlBinding::remove_dkim_key(std::string domain, std::string selector) {
  const auto changed = co_await parts_.as.domains.remove_dkim_key(std::move(domain), std::move(selector));
  co_return applied(changed);
}

/// What is known here: the other nodes' names to the world are their own business.
DomainFacts DomainControlBinding::facts_of(const std::string& domain) const {
  DomainFacts facts;
  facts.domain = domain;
  facts.hostname = parts_.config.hostname;
  const auto map = parts_.core.map();
  for (const auto& member : map ? map->members : std::vector<Member>{}) {
    for (const auto& address : member.addresses) {
      if (const auto parsed = HostPort::parse(address)) facts.senders.push_back(parsed->host);
    }
  }
  constexpr std::pair<Service, const char*> services[] = {{Service::submissions, "_submissions._tcp"},
                                                          {Service::submission, "_submission._tcp"},
                                                          {Service::imaps, "_imaps._tcp"},
                                                          {Service::pop3s, "_pop3s._tcp"},
                                                          {Service::https, "_autodiscover._tcp"}};
  for (const auto& [service, name] : services) {
    if (const auto listener = parts_.config.listener(service))
      facts.services.push_back({name, listener->port});
  }
  return facts;
}

Task<Result<std::vector<api::DomainRecord>>> DomainControlBinding::dns_records(std::string domain) {
  const auto name = text::to_ascii_domain(domain);
  if (!name) co_return fail(Errc::invalid, "not a domain: " + domain);
  const auto ours = co_await parts_.mail.view().domain(*name);
  if (!ours) co_return fail(ours.error().code, "no domain " + *name);
  auto facts = facts_of(*name);
  auto client_host = co_await host_for_clients(parts_.as.certificates, *ours, parts_.config.hostname);
  if (client_host) facts.client_host = std::move(*client_host);
  const auto keys = co_await parts_.as.domains.dkim_keys(*name);
  if (!keys) co_return tl::unexpected(keys.error());
  for (const auto& key : *keys)
    facts.keys.push_back({key.record_name, key.record, key.state == directory::DkimKey::RETIRED});
  auto judged = co_await check_domain(std::move(facts), parts_.dns, parts_.clock, parts_.core.tasks());
  std::vector<api::DomainRecord> records;
  for (auto& record : judged) {
    auto& row = records.emplace_back();
    row.purpose = record.purpose;
    row.name = record.name;
    row.type = record.type;
    row.value = record.value;
    row.state = gridmail::name_of(record.state);
    row.found = std::move(record.found);
    row.note = record.note;
    row.required = record.required;
  }
  co_return records;
}

Task<Result<api::Applied>> DomainControlBinding::add_domain_alias(std::string name, std::string of) {
  const auto changed = co_await parts_.as.recipients.add_domain_alias(std::move(name), std::move(of));
  co_return applied(changed);
}

Task<Result<api::Applied>> DomainControlBinding::set_catch_all(std::string domain, std::string address) {
  const auto changed = co_await parts_.as.recipients.set_catch_all(std::move(domain), std::move(address));
  co_return applied(changed);
}

Task<Result<std::vector<api::MemberList>>> DomainControlBinding::lists() {
  const auto lists = co_await parts_.as.recipients.lists();
  if (!lists) co_return tl::unexpected(lists.error());
  std::vector<api::MemberList> all;
  for (const auto& list : *lists)
    all.push_back({list.address(), {list.members().begin(), list.members().end()}});
  co_return all;
}

Task<Result<api::MemberList>> DomainControlBinding::list(std::string address) {
  const auto list = co_await parts_.as.recipients.list(std::move(address));
  if (!list) co_return tl::unexpected(list.error());
  co_return api::MemberList{list->address(), {list->members().begin(), list->members().end()}};
}

Task<Result<api::Applied>> DomainControlBinding::add_list(api::MemberList list) {
  const auto changed =
      co_await parts_.as.recipients.add_list(std::move(list.address), std::move(list.members));
  co_return applied(changed);
}

Task<Result<api::Applied>> DomainControlBinding::change_list(std::string address,
                                                             std::vector<std::string> added,
                                                             std::vector<std::string> removed) {
  const auto changed =
      co_await parts_.as.recipients.change_list(std::move(address), std::move(added), std::move(removed));
  co_return applied(changed);
}

Task<Result<api::Applied>> DomainControlBinding::remove_list(std::string address) {
  const auto changed = co_await parts_.as.recipients.remove_list(std::move(address));
  co_return applied(changed);
}

Task<Result<api::Forwarding>> DomainControlBinding::forwarding(std::string user) {
  auto found = co_await parts_.as.recipients.forwarding(std::move(user));
  if (!found) co_return tl::unexpected(found.error());
  co_return api::Forwarding{std::move(found->to), found->only};
}

Task<Result<api::Applied>> DomainControlBinding::set_forwarding(std::string user,
                                                                api::Forwarding forwarding) {
  Forwarding wish{std::move(forwarding.to), forwarding.only};
  const auto changed = co_await parts_.as.recipients.set_forwarding(std::move(user), std::move(wish));
  co_return applied(changed);
}

Task<Result<std::vector<std::string>>> DomainControlBinding::delegates(std::string user) {
  return parts_.as.recipients.delegates(std::move(user));
}

Task<Result<api::Applied>> DomainControlBinding::set_delegates(std::string user,
                                                               std::vector<std::string> delegates) {
  const auto changed = co_await parts_.as.recipients.set_delegates(std::move(user), std::move(delegates));
  co_return applied(changed);
}

}  // namespace gridmail
