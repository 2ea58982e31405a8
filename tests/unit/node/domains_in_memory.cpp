#include "tests/unit/node/grid_in_memory.hpp"

using namespace gridmail::api;

namespace gridmail::testing {

Task<Result<std::vector<DkimKey>>> DomainsInMemory::dkim_keys(std::string) {
  co_return keys;
}
Task<Result<AddedDkimKey>> DomainsInMemory::add_dkim_key(std::string domain, std::string algorithm,
                                                         std::string selector) {
  last = "add " + domain + " " + algorithm + " " + selector;
  DkimKey key{domain, selector, algorithm, "published", 0, selector + "._domainkey." + domain, "v=DKIM1"};
  keys.push_back(key);
  AddedDkimKey added;
  added.key = std::move(key);
  co_return added;
}
Task<Result<Applied>> DomainsInMemory::activate_dkim_key(std::string domain, std::string selector) {
  last = "activate " + domain + " " + selector;
  co_return Applied{};
}
Task<Result<Applied>> DomainsInMemory::retire_dkim_key(std::string domain, std::string selector) {
  last = "retire " + domain + " " + selector;
  co_return Applied{};
}
Task<Result<Applied>> DomainsInMemory::remove_dkim_key(std::string, std::string) {
  co_return fail(Errc::conflict, "it signs mail");
}
Task<Result<std::vector<DomainRecord>>> DomainsInMemory::dns_records(std::string domain) {
  DomainRecord record;
  record.purpose = "mail to the domain";
  record.name = domain;
  record.type = "MX";
  record.value = "10 mx.test";
  record.state = "missing";
  std::vector<DomainRecord> records(1, record);
  record.type = "TXT";
  record.value = "v=spf1 mx -all";
  record.state = "wrong";
  record.found = {"v=spf1 \x1b]0;title\x07-all"};
  records.push_back(record);
  co_return records;
}
Task<Result<Applied>> DomainsInMemory::add_domain_alias(std::string name, std::string of) {
  last = "alias " + name + " " + of;
  co_return Applied{};
}
Task<Result<Applied>> DomainsInMemory::set_catch_all(std::string domain, std::string address) {
  last = "catch-all " + domain + " " + address;
  co_return Applied{};
}
Task<Result<std::vector<MemberList>>> DomainsInMemory::lists() {
  std::vector<MemberList> all;
  for (const auto& [address, list] : members) all.push_back({address, list});
  co_return all;
}
Task<Result<MemberList>> DomainsInMemory::list(std::string address) {
  if (!members.contains(address)) co_return fail(Errc::not_found, "no list");
  co_return MemberList{address, members[address]};
}
Task<Result<Applied>> DomainsInMemory::add_list(MemberList list) {
  members[list.address] = list.members;
  co_return Applied{};
}
Task<Result<Applied>> DomainsInMemory::change_list(std::string address, std::vector<std::string> added,
                                                   std::vector<std::string> removed) {
  auto& list = members[address];
  for (const auto& gone : removed) std::erase(list, gone);
  list.insert(list.end(), added.begin(), added.end());
  co_return Applied{};
}
Task<Result<Applied>> DomainsInMemory::remove_list(std::string address) {
  members.erase(address);
  co_return Applied{};
}
Task<Result<Forwarding>> DomainsInMemory::forwarding(std::string) {
  co_return forward;
}
Task<Result<Applied>> DomainsInMemory::set_forwarding(std::string, Forwarding forwarding) {
  forward = std::move(forwarding);
  co_return Applied{};
}

Task<Result<std::vector<std::string>>> DomainsInMemory::delegates(std::string) {
  co_return in_the_name;
}
Task<Result<Applied>> DomainsInMemory::set_delegates(std::string, std::vector<std::string> delegates) {
  in_the_name = std::move(delegates);
  co_return Applied{};
}

}  // namespace gridmail::testing
