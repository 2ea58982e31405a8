#include "node/cli/config_difference.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace gridmail;
using namespace gridmail::cli;

namespace {

const Json grid = Json::parse(R"({
  "settings": {"copies": 2, "copies_min": 2, "limits": "none", "postmaster": "a@x.test", "scrub_days": 30},
  "domains": {"x.test": {"catch_all": "a@x.test"}, "y.test": {"alias_of": "x.test"}},
  "aliases": {"b@x.test": "a@x.test"},
  "lists": {"all@x.test": ["a@x.test", "c@z.test"]},
  "routes": {"z.test": {"via": "mx", "tls": "required"}},
  "users": {"a@x.test": {"forward_to": ["f@z.test"], "forward_only": true, "delegates": ["d@x.test"]}}})");

std::vector<ConfigStep> difference(const Json& have, const Json& wanted) {
  auto steps = config_difference(have, wanted);
  REQUIRE_MESSAGE(steps, steps.error().text);
  return std::move(*steps);
}

std::vector<std::string> requests(const std::vector<ConfigStep>& steps) {
  std::vector<std::string> all;
  for (const auto& step : steps)
    all.push_back(step.method + " " + step.target + (step.body.is_null() ? "" : " " + step.body.dump()));
  return all;
}

Json file(const char* text) {
  const auto read = parse_config_file(text, "file");
  REQUIRE_MESSAGE(read, read.error().text);
  return *read;
}

}  // namespace

TEST_CASE("a grid that is as the file says needs no change, whatever the file's form") {
  const auto text = config_file_text(grid);
  const auto read = parse_config_file(text, "file");
  REQUIRE(read);
  CHECK(difference(grid, *read).empty());
  CHECK(difference(grid, Json::object()).empty());
}

TEST_CASE("what a file adds is added in an order that works") {
  const auto wanted = parse_config_file(R"(
    [settings]
    postmaster = "p@new.test"
    [domains."alias.test"]
    alias_of = "new.test"
    [domains."new.test"]
    catch_all = "p@new.test"
    [aliases]
    "q@new.test" = "p@new.test")",
                                        "file");
  REQUIRE(wanted);
  const auto steps = difference(Json::object(), *wanted);
  CHECK(requests(steps) ==
        std::vector<std::string>{R"(POST /domains {"name":"new.test"})",
                                 R"(POST /domains {"name":"alias.test","alias_of":"new.test"})",
                                 R"(PUT /aliases/q%40new.test {"target":"p@new.test"})",
                                 R"(PUT /domains/new.test/catch-all {"address":"p@new.test"})",
                                 R"(PUT /settings {"postmaster":"p@new.test"})"});
  for (const auto& step : steps) CHECK(!step.removes);
}

TEST_CASE("what a file changes is changed, no more") {
  auto wanted = grid;
  wanted["aliases"]["b@x.test"] = "other@x.test";
  wanted["lists"]["all@x.test"] = {"a@x.test", "new@x.test"};
  wanted["routes"]["z.test"]["via"] = "smtp:h:25";
  wanted["settings"]["scrub_days"] = 7;
  wanted["users"]["a@x.test"]["delegates"] = Json::array();
  CHECK(requests(difference(grid, wanted)) ==
        std::vector<std::string>{
            R"(PUT /routes/z.test {"via":"smtp:h:25","tls":"required"})",
            R"(PUT /aliases/b%40x.test {"target":"other@x.test"})",
            R"(POST /lists/all%40x.test/members {"add":["new@x.test"],"remove":["c@z.test"]})",
            R"(PUT /users/a%40x.test/delegates {"delegates":[]})", R"(PUT /settings {"scrub_days":7})"});
}

TEST_CASE("what is only in the grid is removed by sections that the file has, domains last") {
  const auto wanted = parse_config_file("[domains]\n[aliases]\n[lists]\n[users]\n", "file");
  REQUIRE(wanted);
  const auto steps = difference(grid, *wanted);
  CHECK(requests(steps) ==
        std::vector<std::string>{"DELETE /aliases/b%40x.test", "DELETE /lists/all%40x.test",
                                 R"(PUT /users/a%40x.test/forwarding {"to":[],"only":false})",
                                 R"(PUT /users/a%40x.test/delegates {"delegates":[]})",
                                 "DELETE /domains/y.test", "DELETE /domains/x.test"});
  for (const auto& step : steps) {
    CHECK(step.removes);
    CHECK(step.text.starts_with("- "));
  }
}

TEST_CASE("a file that says something else is refused, with the place") {
  for (const auto& [text, place] : {std::pair("[colours]\n", "file:1:"),
                                    {"settings = 1\n", "file:1:"},
                                    {"[settings]\ncopies = \"2\"\n", "file:2:"},
                                    {"[settings]\ncolour = 1\n", "file:2:"},
                                    {"[lists]\n\"a@x\" = [1]\n", "file:2:"},
                                    {"[domains]\n\"x.test\" = 1\n", "file:2:"},
                                    {"[aliases]\na = []\n", "file:2:"},
                                    {"[", "file:1:"},
                                    {"[users.\"a@x\"]\nforward_only = \"no\"\n", "file:2:"}}) {
    CAPTURE(text);
    const auto read = parse_config_file(text, "file");
    REQUIRE(!read);
    CHECK(read.error().code == Errc::invalid);
    CHECK(read.error().text.starts_with(place));
  }
}

TEST_CASE("names with quotes and letters of any script come back as they were") {
  const Json config = {{"aliases", {{"a\"b@x.test", "\xc3\xb6@x.test"}}}};
  const auto read = parse_config_file(config_file_text(config), "file");
  REQUIRE(read);
  CHECK(*read == config);
}

TEST_CASE("names in a file mean what they mean to the API, however they are written") {
  const auto have = file(R"(
    [settings]
    limits = "messages-per-user=1000/1m"
    postmaster = "a@x.test"
    [domains."xn--bcher-kva.test"]
    catch_all = "a@x.test"
    [domains."x.test"]
    [domains."y.test"]
    alias_of = "x.test"
    [aliases]
    "b@x.test" = "a@x.test"
    [lists]
    "all@x.test" = ["Who@z.test", "a@x.test"]
    [routes."bank.example"]
    via = "smtp:relay.example:25"
    tls = "required"
    [users."a@x.test"]
    forward_to = ["F@z.test"]
    forward_only = true
    delegates = ["d@x.test"])");
  const auto wanted = file(R"(
    [settings]
    limits = " messages-per-user=1000/60s "
    postmaster = "B@X.test"
    [domains."B\u00fccher.Test."]
    catch_all = "A@X.TEST"
    [domains."X.test"]
    [domains."Y.TEST"]
    alias_of = "X.Test"
    [aliases]
    "B@X.test" = "A@Y.test"
    [lists]
    "All@x.test" = ["A@x.test", "Who@Z.TEST"]
    [routes."Bank.Example"]
    via = "smtp:Relay.Example:25"
    tls = "required"
    [users."A@x.test"]
    forward_to = ["F@Z.test"]
    forward_only = true
    delegates = ["D@y.test"])");
  CHECK(requests(difference(have, wanted)) == std::vector<std::string>());
}

TEST_CASE("names are compared in the form that the API keeps them in") {
  const auto steps = difference(grid, file("[aliases]\n\"B@x.test\" = \"New@x.test\""));
  CHECK(requests(steps) == std::vector<std::string>{R"(PUT /aliases/b%40x.test {"target":"new@x.test"})"});
}

TEST_CASE("what a file cannot mean is refused before anything is changed") {
  for (const auto* text :
       {"[routes.\"Bank.example\"]\n[routes.\"bank.example\"]", "[aliases]\n\"a b@\" = \"a@x.test\"",
        "[aliases]\n\"q@x.test\" = \"no address\"", "[domains.\"a b\"]", "[settings]\nlimits = \"much\""}) {
    CAPTURE(text);
    const auto steps = config_difference(grid, file(text));
    REQUIRE(!steps);
    CHECK(steps.error().code == Errc::invalid);
  }
  for (const auto* text : {"[domains.\"y.test\"]", "[domains.\"x.test\"]\nalias_of = \"y.test\"",
                           "[domains.\"Y.test\"]\nalias_of = \"z.test\""}) {
    CAPTURE(text);
    const auto steps = config_difference(grid, file(text));
    REQUIRE(!steps);
    CHECK(steps.error().code == Errc::conflict);
  }
}

TEST_CASE("what a file does not say of a user whom it has is left to --prune") {
  const auto only_delegates = difference(grid, file("[users.\"a@x.test\"]\ndelegates = [\"e@x.test\"]"));
  CHECK(requests(only_delegates) ==
        std::vector<std::string>{R"(PUT /users/a%40x.test/delegates {"delegates":["e@x.test"]})",
                                 R"(PUT /users/a%40x.test/forwarding {"to":[],"only":false})"});
  CHECK(!only_delegates.at(0).removes);
  CHECK(only_delegates.at(1).removes);
  CHECK(only_delegates.at(1).text.starts_with("- "));
  const auto only_forwarded = difference(grid, file("[users.\"a@x.test\"]\nforward_to = [\"g@z.test\"]"));
  CHECK(requests(only_forwarded) ==
        std::vector<std::string>{R"(PUT /users/a%40x.test/forwarding {"to":["g@z.test"],"only":true})",
                                 R"(PUT /users/a%40x.test/delegates {"delegates":[]})"});
  CHECK(!only_forwarded.at(0).removes);
  CHECK(only_forwarded.at(1).removes);
  const auto kept_here = difference(grid, file("[users.\"a@x.test\"]\nforward_only = false\ndelegates = []"));
  CHECK(requests(kept_here) ==
        std::vector<std::string>{R"(PUT /users/a%40x.test/forwarding {"to":["f@z.test"],"only":false})",
                                 R"(PUT /users/a%40x.test/delegates {"delegates":[]})"});
  for (const auto& step : kept_here) CHECK(!step.removes);
}

TEST_CASE("what a file does not say of a route stays as it is") {
  CHECK(requests(difference(grid, file("[routes.\"z.test\"]\nvia = \"smtp:h:25\""))) ==
        std::vector<std::string>{R"(PUT /routes/z.test {"via":"smtp:h:25","tls":"required"})"});
  CHECK(difference(grid, file("[routes.\"z.test\"]\nvia = \"mx\"")).empty());
  CHECK(requests(difference(grid, file("[routes.\"new.test\"]\ntls = \"required\""))).at(0) ==
        R"(PUT /routes/new.test {"via":"mx","tls":"required"})");
}

TEST_CASE("the members of a long list go in requests that are short enough") {
  constexpr std::size_t body_bytes_max = 64 << 10;
  Json members = Json::array();
  for (int i = 0; i < 2000; ++i)
    members.push_back("member" + std::to_string(i) + "@a.domain.of.usual.length.test");
  const Json wanted = {{"lists", {{"all@x.test", members}, {"none@x.test", Json::array()}}}};
  for (const auto& have : {Json::object(), grid}) {
    std::set<std::string> added, removed;
    const auto steps = difference(have, wanted);
    CHECK(steps.size() > 2);
    for (const auto& step : steps) {
      CHECK(step.method == "POST");
      CHECK(step.body.dump().size() < body_bytes_max);
      for (const auto* field : {"members", "add"})
        for (const auto& member : step.body.value(field, Json::array())) CHECK(added.insert(member).second);
      for (const auto& member : step.body.value("remove", Json::array())) removed.insert(member);
    }
    CHECK(added.size() == members.size());
    CHECK(removed.size() == (have.empty() ? 0 : 2));
  }
}
