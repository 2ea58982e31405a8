#include <doctest/doctest.h>

#include "tests/unit/node/api_in_memory.hpp"

using namespace gridmail;
using namespace gridmail::api;
using gridmail::testing::Api;

TEST_CASE("what is changed is changed in the name of who asks, and from where") {
  Api api;
  api.peer = "192.0.2.7";
  CHECK(api.call(Method::post, "/api/v1/nodes/b/drain").status == 200);
  CHECK(api.grid.actor.who == "token first");
  CHECK(api.grid.actor.address == "192.0.2.7");
  api.authorization = "basic YWRtaW46c2VjcmV0";
  CHECK(api.call(Method::post, "/api/v1/nodes/b/undrain").status == 200);
  CHECK(api.grid.actor.who == "admin");
  api.grid.actor = {};
  CHECK(api.call(Method::get, "/api/v1/status").status == 200);
  CHECK(api.grid.actor.who.empty());
}

TEST_CASE("the audit log is read in pages, the newest first") {
  Api api;
  const auto first = api.get("/api/v1/audit?limit=2");
  REQUIRE(first.size() == 2);
  CHECK(first[0]["id"] == 5);
  CHECK(first[0]["verb"] == "user add");
  CHECK(first[0]["who"].is_null());
  CHECK(first[0]["node"].is_null());
  const auto second = api.get("/api/v1/audit?limit=10&after=4");
  REQUIRE(second.size() == 3);
  CHECK(second[0]["object"] == "u3@example.test");
  for (const auto* query : {"limit=0", "limit=x", "limit=10001", "after=", "after=-1"}) {
    CAPTURE(query);
    CHECK(api.call(Method::get, std::string("/api/v1/audit?") + query).status == 400);
  }
}
