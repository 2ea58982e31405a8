#include "node/cli/doctor_checks.hpp"

#include <doctest/doctest.h>

#include "node/base/date.hpp"

using namespace gridmail;
using namespace gridmail::cli;
using State = Check::State;

namespace {

constexpr WallMicros second = 1'000'000;
constexpr WallMicros day = 86'400 * second;

Json node(const char* name, const char* state, const char* version) {
  return {{"id", name}, {"name", name}, {"state", state}, {"version", version}};
}

Json certificate(const char* name, const char* end) {
  return {{"name", name}, {"not_after", end}};
}

Json record(const char* name, const char* type, const char* state, Json found = Json::array()) {
  return {{"name", name}, {"type", type}, {"state", state}, {"found", std::move(found)}, {"required", true}};
}

}  // namespace

TEST_CASE("a series is found at the beginning of its line, and by its whole name") {
  const std::string_view text =
      "# HELP gridmail_a of gridmail_a 3\ngridmail_ab 4\ngridmail_a 5.5\nx_gridmail_a 6\n";
  CHECK(metric(text, "gridmail_a") == 5.5);
  CHECK(metric(text, "gridmail_ab") == 4);
  CHECK_FALSE(metric(text, "gridmail_b"));
  CHECK_FALSE(metric("gridmail_a", "gridmail_a"));
  CHECK(metric("gridmail_a 1", "gridmail_a") == 1);
}

TEST_CASE("the world's DNS is asked of no private domain") {
  for (const auto* name : {"example.test", "test", "a.b.local", "mail.home.arpa"})
    CHECK(is_private_domain(name));
  for (const auto* name : {"example.org", "contest", "local.example.org"})
    CHECK_FALSE(is_private_domain(name));
}

TEST_CASE("open files fail when most are in use, and warn when few may be") {
  const auto state = [](const char* open, const char* max) {
    return files_suffice(std::string("gridmail_process_open_files ") + open +
                         "\ngridmail_process_files_max " + max + "\n")
        .state;
  };
  CHECK(state("100", "65536") == State::passed);
  CHECK(state("100", "1024") == State::warning);
  CHECK(state("60000", "65536") == State::failed);
  CHECK(files_suffice("").state == State::warning);
}

TEST_CASE("a clock is off from two seconds on, and wrong from a minute on") {
  const auto state = [](WallMicros now) {
    return clock_is_right("gridmail_process_clock_seconds 1000000.5\n", now).state;
  };
  CHECK(state(1'000'000 * second) == State::passed);
  CHECK(state(1'000'005 * second) == State::warning);
  CHECK(state(999'900 * second) == State::failed);
}

TEST_CASE("a disk below its reserve fails") {
  CHECK(disk_has_room("gridmail_disk_free_bytes 5e+10\ngridmail_disk_low 0\n").state == State::passed);
  const auto low = disk_has_room("gridmail_disk_free_bytes 1073741824\ngridmail_disk_low 1\n");
  CHECK(low.state == State::failed);
  CHECK(low.detail.find("1.0 GiB free") == 0);
}

TEST_CASE("nodes: who is silent, who runs another program") {
  const Json nodes = {node("a", "alive", "1.0"), node("b", "suspect", "1.1"), node("c", "dead", "")};
  CHECK(nodes_are_alive(nodes).detail == "b is suspect; c is dead;");
  CHECK(versions_agree(nodes).state == State::failed);
  CHECK(versions_agree(Json::array({nodes[0], nodes[2]})).state == State::passed);
  CHECK(program_fits(nodes, "1.1").state == State::passed);
  CHECK(program_fits(nodes, "2.0").state == State::warning);
}

TEST_CASE("figures tell of clocks that are apart, and of disks that fill up") {
  const auto figures = [](double end, Json days) {
    return Json{
        {"nodes", Json::array({{{"id", "a"}, {"end", 1000}, {"disk_full_in_days", nullptr}},
                               {{"id", "b"}, {"end", end}, {"disk_full_in_days", std::move(days)}}})}};
  };
  const Json nodes = {node("b", "alive", "1")};
  CHECK(clocks_agree(figures(1010, nullptr)).state == State::passed);
  CHECK(clocks_agree(figures(1060, nullptr)).state == State::warning);
  CHECK(disks_last(figures(1000, 400), nodes).state == State::passed);
  CHECK(disks_last(figures(1000, 12), nodes).detail == "b is full in 12 days;");
}

TEST_CASE("certificates warn three weeks before their end") {
  const WallMicros now = *parse_rfc3339("2026-10-01T00:00:00Z");
  CHECK(certificates_last(Json::array(), now).state == State::warning);
  CHECK(certificates_last(Json::array({certificate("a", "2026-12-01T00:00:00Z")}), now).state ==
        State::passed);
  const Json ending = {certificate("a", "2026-12-01T00:00:00Z"), certificate("b", "2026-10-10T00:00:00Z")};
  CHECK(certificates_last(ending, now).state == State::warning);
  CHECK(certificates_last(ending, now + 12 * day).state == State::failed);
}

TEST_CASE("a domain's records: what is wrong, what was not answered, who is to be tried at port 25") {
  DomainFindings findings;
  take_in(findings, "example.org",
          Json::array({record("example.org", "MX", "present", {"10 mx1.example.org.", "20 mx2.example.org"}),
                       record("example.org", "TXT", "missing"),
                       record("1.2.0.192.in-addr.arpa", "PTR", "unknown")}));
  CHECK(findings.exchangers == std::vector<std::string>{"mx1.example.org", "mx2.example.org"});
  CHECK(records_are_there(findings, 1, 1).state == State::failed);
  CHECK(records_are_there(findings, 1, 1).detail.find("example.org TXT missing") == 0);
  CHECK(pointers_are_there(findings).state == State::warning);
  auto advice = record("_dmarc.example.org", "TXT", "missing");
  advice["required"] = false;
  DomainFindings advised;
  take_in(advised, "example.org", Json::array({advice}));
  CHECK(records_are_there(advised, 1, 1).state == State::passed);
  CHECK(records_are_there(advised, 1, 1).detail == "of 1 domain in the public DNS");
  CHECK(records_are_there(advised, 10, 12).detail ==
        "of 10 of 12 domains in the public DNS: no more are asked at once");
  CHECK(records_are_there(advised, 0, 0).state == State::skipped);
}

TEST_CASE("what nobody has looked at is said, with the reason") {
  std::vector<Check> checks = {{"node.alive", State::failed, "connection refused"}};
  skip_rest(checks, "the node does not answer");
  REQUIRE(checks.size() == check_ids().size());
  CHECK(checks[0].state == State::failed);
  CHECK(checks.back().id == check_ids().back());
  CHECK(checks.back().state == State::skipped);
  CHECK(checks.back().detail == "the node does not answer");
  CHECK(mark_of(State::skipped) == ' ');
  CHECK(counted(1, "domain") == "1 domain");
  CHECK(counted(0, "domain") == "0 domains");
}
