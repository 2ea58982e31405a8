// What moves or deletes can be asked about first.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "node/api/openapi.hpp"
#include "node/cli/verbs.hpp"
#include "tests/unit/node/api_in_memory.hpp"

using namespace gridmail;
using api::Json;
using api::Method;
using gridmail::testing::Api;

namespace {

/// Verbs that only show, add, or set what a person keeps: they lose and move nothing.
const std::set<std::string> harmless = {
    "grid status", "node list",   "node scrub",      "node join-token", "job list",         "job pause",
    "job resume",  "job wait",    "slot list",       "user add",        "user import",      "user list",
    "user show",   "user passwd", "user role",       "user locate",     "domain add",       "domain dns",
    "domain list", "list add",    "list list",       "list show",       "alias add",        "alias list",
    "dkim add",    "dkim list",   "queue list",      "route list",      "certificate list", "token add",
    "token list",  "admin list",  "join-token list", "session list",    "admin add",        "admin passwd",
    "audit list",  "config show", "config history",  "config diff",     "statistics",       "trace",
    "key status",  "doctor",      "setup",           "lookup",          "commands"};

std::string name_of(const cli::Verb& verb) {
  return std::string(verb.noun) + (verb.name.empty() ? "" : " ") + std::string(verb.name);
}

bool can_be_tried(const cli::Verb& verb) {
  return std::any_of(verb.arguments.begin(), verb.arguments.end(),
                     [](const cli::Argument& each) { return each.name == "--dry-run" && each.is_flag; });
}

}  // namespace

TEST_CASE("every verb that moves or deletes has --dry-run") {
  std::set<std::string> known;
  for (const auto& verb : cli::verbs()) {
    const auto name = name_of(verb);
    CAPTURE(name);
    CHECK(can_be_tried(verb) != harmless.contains(name));
    known.insert(name);
  }
  for (const auto& name : harmless) CHECK_MESSAGE(known.contains(name), name);
}

TEST_CASE("what is tried is not done under anybody's name but told") {
  Api api;
  const auto answer = Json::parse(api.call(Method::post, "/api/v1/nodes/b/drain?dry_run=true").body);
  CHECK(api.grid.drained.empty());
  CHECK(answer["dry_run"] == true);
  CHECK(answer["changes"] == Json::array({{{"verb", "node drain"},
                                           {"object", "b"},
                                           {"before", "state=active"},
                                           {"after", "state=draining"}}}));
  CHECK(answer["effects"] == Json::array({"3 slots get another primary"}));
  CHECK(Json::parse(api.call(Method::post, "/api/v1/nodes/b/drain?dry_run=false").body)["done"] == true);
  CHECK(api.grid.drained == "b");
}

TEST_CASE("a dry run is refused as the real call is") {
  Api api;
  CHECK(api.call(Method::post, "/api/v1/nodes/x/drain?dry_run=true").status == 404);
  api.authorization = "Bearer viewing";
  CHECK(api.call(Method::post, "/api/v1/nodes/b/drain?dry_run=true").status == 403);
}

TEST_CASE("what has no dry run is not done when one is asked for") {
  Api api;
  for (const auto* query : {"dry_run=true", "dry_run=1", "dry_run"}) {
    CAPTURE(query);
    const auto target = std::string("/api/v1/users?") + query;
    CHECK(api.call(Method::post, target, R"({"address": "a@example.test", "password": "p"})").status == 400);
  }
  CHECK(api.grid.passwords.empty());
  CHECK(api.call(Method::post, "/api/v1/nodes/b/drain?dry_run=perhaps").status == 400);
  CHECK(api.grid.drained.empty());
}

TEST_CASE("a dry run leaves no answer behind for its idempotency key") {
  Api api;
  api.fields = {{"Idempotency-Key", "k"}};
  CHECK(api.call(Method::post, "/api/v1/nodes/b/drain?dry_run=true").status == 200);
  CHECK(api.grid.requests_in_memory.answers.empty());
}

TEST_CASE("the OpenAPI document names what can be tried: every removal, and no addition") {
  const auto document = api::openapi_document();
  CHECK(document["components"]["parameters"]["dry_run"]["in"] == "query");
  const Json reference = {{"$ref", "#/components/parameters/dry_run"}};
  std::size_t removals = 0;
  for (const auto& [path, methods] : document["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      const auto& parameters = operation["parameters"];
      const bool can_try = std::find(parameters.begin(), parameters.end(), reference) != parameters.end();
      const auto name = method + " " + path;
      CAPTURE(name);
      if (method == "get") CHECK_FALSE(can_try);
      if (method != "delete" || path == "/api/v1/session") continue;
      CHECK(can_try);
      ++removals;
    }
  }
  CHECK(removals > 10);
}
