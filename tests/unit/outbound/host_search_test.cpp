#include "node/services/outbound/host_search.hpp"

#include <doctest/doctest.h>

#include <map>

#include "tests/support/run_task.hpp"

using namespace gridmail;
using namespace gridmail::test;

namespace {

/// A DNS that says what a table says; what is not there does not exist.
class TableResolver final : public ports::Resolver {
 public:
  Task<Result<std::vector<ports::Exchanger>>> exchangers(std::string domain) override {
    const auto found = mail_servers.find(domain);
    if (found == mail_servers.end()) co_return fail(Errc::not_found, "no such domain");
    co_return found->second;
  }
  Task<Result<std::vector<std::string>>> addresses(std::string host) override {
    const auto found = hosts.find(host);
    if (found == hosts.end()) co_return fail(Errc::not_found, "no such host");
    co_return found->second;
  }
  std::map<std::string, std::vector<ports::Exchanger>> mail_servers;
  std::map<std::string, std::vector<std::string>> hosts;
};

struct Search {
  std::vector<std::string> find(const std::string& domain) {
    const HostSearch search(resolver, random, "mx.here.test", 25);
    std::vector<std::string> addresses;
    const auto found = run_task(search.find(domain, Route{}));
    for (const auto& host : found.hosts) addresses.push_back(host.address);
    return addresses;
  }
  TableResolver resolver;
  SeededRandom random{1};
};

using Addresses = std::vector<std::string>;

}  // namespace

TEST_CASE_FIXTURE(Search, "a host with many IPv6 addresses is tried over IPv4, too") {
  resolver.mail_servers["x.test"] = {{10, "mx.x.test"}};
  resolver.hosts["mx.x.test"] = {"2001:db8::1", "2001:db8::2", "2001:db8::3",
                                 "2001:db8::4", "2001:db8::5", "192.0.2.1"};
  CHECK(find("x.test") == Addresses{"2001:db8::1", "192.0.2.1", "2001:db8::2", "2001:db8::3"});
}

TEST_CASE_FIXTURE(Search, "the families are tried in turn, and hosts one after the other") {
  resolver.mail_servers["x.test"] = {{10, "a.x.test"}, {20, "b.x.test"}, {30, "none.x.test"}};
  resolver.hosts["a.x.test"] = {"2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2", "192.0.2.3"};
  resolver.hosts["b.x.test"] = {"192.0.2.4"};
  CHECK(find("x.test") == Addresses{"2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "192.0.2.4"});
  CHECK(find("none.test").empty());
}
