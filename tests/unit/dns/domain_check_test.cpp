#include "node/services/dns/domain_check.hpp"

#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <map>
#include <optional>
#include <set>

#include "node/runtime/timer.hpp"
#include "tests/support/virtual_clock.hpp"

using namespace gridmail;
using namespace gridmail::test;

namespace {

/// A DNS that says what a table says; what is not there does not exist.
class TableDns final : public RecordSearch {
 public:
  explicit TableDns(Clock& clock) : clock_(clock) {}
  Task<Result<std::vector<std::string>>> records(std::string name, RecordType type) override {
    if (silent.contains(name)) co_await sleep_for(clock_, std::chrono::hours(1));
    const auto found = table.find({type, name});
    if (found == table.end()) co_return fail(Errc::not_found, "no such name");
    co_return found->second;
  }
  std::map<std::pair<RecordType, std::string>, std::vector<std::string>> table;
  std::set<std::string> silent;

 private:
  Clock& clock_;
};

struct Check {
  asio::io_context context;
  VirtualClock clock;
  TableDns dns{clock};
  TaskGroup tasks{"check"};
  DomainFacts facts;

  Check() {
    facts.domain = "a.test";
    facts.hostname = "mx.a.test";
    facts.senders = {"203.0.113.9", "10.0.0.7"};
    facts.keys = {{"s._domainkey.a.test", "v=DKIM1; k=rsa; p=AAAA"}};
    facts.services = {{"_imaps._tcp", 993}};
    dns.table = {{{RecordType::mx, "a.test"}, {"10 MX.a.test"}},
                 {{RecordType::txt, "a.test"}, {"something", "v=spf1 mx -all"}},
                 {{RecordType::address, "mx.a.test"}, {"203.0.113.9"}},
                 {{RecordType::txt, "s._domainkey.a.test"}, {"v=DKIM1; k=rsa;p=AA AA"}},
                 {{RecordType::txt, "_dmarc.a.test"}, {"v=DMARC1; p=reject"}},
                 {{RecordType::ptr, "9.113.0.203.in-addr.arpa"}, {"mx.a.test"}},
                 {{RecordType::srv, "_imaps._tcp.a.test"}, {"0 1 993 mx.a.test"}}};
  }

  /// States by type and name; notes and values are kept.
  std::map<std::string, std::string> run() {
    std::optional<std::vector<DomainRecord>> records;
    asio::co_spawn(context, check_domain(facts, dns, clock, tasks),
                   [&](std::exception_ptr thrown, std::vector<DomainRecord> result) {
                     REQUIRE(!thrown);
                     records = std::move(result);
                   });
    const auto begun = clock.now();
    REQUIRE(run_until(context, clock, begun + std::chrono::minutes(2), [&] { return records.has_value(); }));
    took = clock.now() - begun;
    std::map<std::string, std::string> states;
    for (const auto& record : *records) {
      states[record.type + " " + record.name] = name_of(record.state);
      notes += record.note + "\n";
      values += record.value + "\n";
    }
    return states;
  }
  Duration took{0};
  std::string notes, values;
};
using States = std::map<std::string, std::string>;

constexpr auto ptr = "PTR 9.113.0.203.in-addr.arpa";

}  // namespace

TEST_CASE_FIXTURE(Check, "a domain that has all is told so") {
  CHECK(run() == States{{"MX a.test", "present"},
                        {"TXT a.test", "present"},
                        {"TXT s._domainkey.a.test", "present"},
                        {"TXT _dmarc.a.test", "present"},
                        {ptr, "present"},
                        {"SRV _imaps._tcp.a.test", "present"}});
  CHECK(took == Duration{0});
}

TEST_CASE_FIXTURE(Check, "a domain that has nothing is told what it needs") {
  dns.table.clear();
  for (const auto& [record, state] : run()) {
    CAPTURE(record);
    CHECK(state == "missing");
  }
}

TEST_CASE_FIXTURE(Check, "records that say something else are wrong") {
  dns.table[{RecordType::mx, "a.test"}] = {"10 mx.far.test"};
  dns.table[{RecordType::txt, "a.test"}] = {"v=spf1 ip4:203.0.113.1 -all"};
  dns.table[{RecordType::txt, "s._domainkey.a.test"}] = {"v=DKIM1; p=BBBB"};
  dns.table[{RecordType::ptr, "9.113.0.203.in-addr.arpa"}] = {"host.far.test"};
  const auto states = run();
  for (const auto* record : {"MX a.test", "TXT a.test", "TXT s._domainkey.a.test", ptr}) {
    CAPTURE(record);
    CHECK(states.at(record) == "wrong");
  }
}

TEST_CASE_FIXTURE(Check, "an exchanger by another name is right when it has a node's address") {
  dns.table[{RecordType::mx, "a.test"}] = {"10 other.a.test"};
  dns.table[{RecordType::address, "other.a.test"}] = {"203.0.113.9"};
  CHECK(run().at("MX a.test") == "present");
}

TEST_CASE_FIXTURE(Check, "two sender policies are an error, and one that includes others cannot be judged") {
  dns.table[{RecordType::txt, "a.test"}] = {"v=spf1 mx -all", "v=spf1 -all"};
  CHECK(run().at("TXT a.test") == "wrong");
  dns.table[{RecordType::txt, "a.test"}] = {"v=spf1 include:far.test -all"};
  CHECK(run().at("TXT a.test") == "unknown");
}

TEST_CASE_FIXTURE(Check, "a DNS that is silent is waited for some seconds, and then nothing is known") {
  dns.silent = {"a.test", "s._domainkey.a.test", "_dmarc.a.test", "9.113.0.203.in-addr.arpa",
                "_imaps._tcp.a.test"};
  for (const auto& [record, state] : run()) {
    CAPTURE(record);
    CHECK(state == "unknown");
  }
  CHECK(took == dns_round_max);
  CHECK(notes.find("cannot be known") != std::string::npos);
}

TEST_CASE_FIXTURE(Check, "hosts whose addresses are not told in time do not hold up the rest") {
  dns.silent = {"mx.a.test"};
  const auto states = run();
  CHECK(states.at("MX a.test") == "present");
  CHECK(states.at("TXT s._domainkey.a.test") == "present");
  CHECK(took == dns_round_max);
}

TEST_CASE_FIXTURE(Check, "without a key the domain is told that its mail is not signed") {
  facts.keys.clear();
  CHECK(run().at("TXT *._domainkey.a.test") == "missing");
  CHECK(notes.find("gridmail dkim add a.test") != std::string::npos);
}

TEST_CASE_FIXTURE(
    Check, "mail programs are sent to the name on the certificate, and to this node while there is none") {
  dns.table.erase({RecordType::srv, "_imaps._tcp.a.test"});
  CHECK(run().at("SRV _imaps._tcp.a.test") == "missing");
  CHECK(values.find("0 1 993 mx.a.test\n") != std::string::npos);
  CHECK(notes.find("gridmail certificate set") != std::string::npos);
  facts.client_host = "mail.a.test";
  notes.clear();
  CHECK(run().at("SRV _imaps._tcp.a.test") == "missing");
  CHECK(values.find("0 1 993 mail.a.test\n") != std::string::npos);
  CHECK(notes.find("gridmail certificate set") == std::string::npos);
}

TEST_CASE_FIXTURE(Check, "a service that leads to another port or host is wrong") {
  auto& found = dns.table[{RecordType::srv, "_imaps._tcp.a.test"}];
  for (const auto* other :
       {"0 1 143 mx.a.test", "0 1 993 old.a.test", "0 993 1 mx.a.test", "0 1 1993 mx.a.test", "0 0 0 "}) {
    CAPTURE(other);
    found = {other};
    CHECK(run().at("SRV _imaps._tcp.a.test") == "wrong");
  }
  found = {"10 1 993 old.a.test", "0 5 993 MX.a.test"};
  CHECK(run().at("SRV _imaps._tcp.a.test") == "present");
  facts.client_host = "mail.a.test";
  CHECK(run().at("SRV _imaps._tcp.a.test") == "wrong");
  found = {"0 1 993 mail.a.test"};
  CHECK(run().at("SRV _imaps._tcp.a.test") == "present");
}
