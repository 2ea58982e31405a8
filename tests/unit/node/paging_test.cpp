#include "node/api/paging.hpp"

#include <fmt/format.h>

#include "node/cli/api_client.hpp"
#include "tests/unit/node/api_in_memory.hpp"

using namespace gridmail;
using namespace gridmail::api;
using gridmail::testing::Api;

namespace {

std::string link_of(const Response& response) {
  for (const auto& [name, value] : response.headers) {
    if (name == "Link") return value;
  }
  return {};
}

/// All rows, as a client that follows the links sees them.
Json follow(Api& api, const std::string& path, const std::string& query, std::size_t pages) {
  Json rows = Json::array();
  std::string next = path + query;
  for (; pages > 0; --pages) {
    const auto response = api.call(Method::get, next);
    REQUIRE(response.status == 200);
    for (const auto& row : Json::parse(response.body)) rows.push_back(row);
    const auto after = cli::next_query(link_of(response));
    CHECK(after.has_value() == (pages > 1));
    next = path + after.value_or("");
  }
  return rows;
}

}  // namespace

TEST_CASE("a list is read page by page, whole and each row once") {
  Api api;
  for (int i = 0; i < 7; ++i) api.grid.passwords["u+" + std::to_string(i) + "@example.test"] = "p";
  CHECK(follow(api, "/api/v1/users", "?limit=3", 3) == api.get("/api/v1/users"));
  CHECK(follow(api, "/api/v1/users", "?limit=7", 1).size() == 7);
  CHECK(follow(api, "/api/v1/users", "", 1).size() == 7);
}

TEST_CASE("a page begins behind its cursor though that row has gone") {
  Api api;
  api.grid.passwords = {{"a@x.test", ""}, {"b@x.test", ""}, {"c@x.test", ""}};
  const auto link = link_of(api.call(Method::get, "/api/v1/users?limit=2"));
  CHECK(link == "</api/v1/users?limit=2&after=b%40x.test>; rel=\"next\"");
  api.grid.passwords.erase("b@x.test");
  const auto rows = api.get("/api/v1/users" + cli::next_query(link).value());
  REQUIRE(rows.size() == 1);
  CHECK(rows[0]["address"] == "c@x.test");
}

TEST_CASE("lists that a node has whole are cut by key, those without keys by place") {
  Api api;
  for (const auto* domain : {"a.test", "b.test", "c.test"})
    api.grid.routes_set[domain] = {domain, "mx", false};
  CHECK(follow(api, "/api/v1/routes", "?limit=1", 3) == api.get("/api/v1/routes"));
  CHECK(follow(api, "/api/v1/nodes", "?limit=1", 2) == api.get("/api/v1/nodes"));
  CHECK(follow(api, "/api/v1/slots", "?limit=1", 2) == api.get("/api/v1/slots"));
  CHECK(api.get("/api/v1/slots?after=9").empty());
  CHECK(api.call(Method::get, "/api/v1/slots?after=x").status == 400);
}

TEST_CASE("lists of addresses go on behind addresses") {
  Api api;
  for (const auto* path : {"users", "aliases", "lists", "user-settings"}) {
    CAPTURE(path);
    for (const auto* cursor : {"zzz", "@", "a@", "%40x.test", "%00", "%FF"})
      CHECK(api.call(Method::get, fmt::format("/api/v1/{}?after={}", path, cursor)).status == 400);
    for (const auto* cursor : {"", "postmaster", "a%40x.test", "%C3%B6@x.test"})
      CHECK(api.call(Method::get, fmt::format("/api/v1/{}?after={}", path, cursor)).status == 200);
  }
}

TEST_CASE("a page's other parameters go on to the next; a limit has bounds") {
  Api api;
  api.grid.passwords = {{"a@x.test", ""}, {"b@x.test", ""}};
  CHECK(link_of(api.call(Method::get, "/api/v1/users?after=&limit=1&colour=red")) ==
        "</api/v1/users?limit=1&colour=red&after=a%40x.test>; rel=\"next\"");
  for (const auto* query : {"limit=0", "limit=10001", "limit=-1", "limit=", "limit=1x", "after=%zz", "a=<"})
    CHECK(api.call(Method::get, "/api/v1/users?" + std::string(query)).status == 400);
}

TEST_CASE("what waits at nodes comes first in the queue, and has a cursor of its own") {
  QueueRow row;
  row.id = "0a";
  CHECK(cursor_of(row) == "0a");
  row.is_intake = true;
  CHECK(cursor_of(row) == "intake-0a");
}

TEST_CASE("a link that is no next page leads nowhere") {
  CHECK(cli::next_query("</a?after=1>; rel=\"next\"") == "?after=1");
  for (const auto* link :
       {"", "<", "</a>; rel=\"next\"", "</a?b>", "</a?b>; rel=\"prev\"", "/a?b; rel=\"next\""})
    CHECK(!cli::next_query(link));
}
