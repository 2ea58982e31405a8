#include <doctest/doctest.h>

#include "tests/unit/node/api_in_memory.hpp"

using namespace gridmail;
using namespace gridmail::api;
using gridmail::testing::Api;

TEST_CASE("a key is made, listed with its record, activated, retired, and refused while it signs") {
  Api api;
  auto& domains = api.grid.domains_in_memory;
  const auto added = api.call(Method::post, "/api/v1/domains/a.test/dkim-keys",
                              R"({"algorithm": "ed25519", "selector": "s"})");
  CHECK(added.status == 201);
  CHECK(domains.last == "add a.test ed25519 s");
  CHECK(Json::parse(added.body)["record_name"] == "s._domainkey.a.test");
  CHECK(Json::parse(added.body)["not_yet_on"] == Json::array());
  const auto rows = Json::parse(api.call(Method::get, "/api/v1/dkim-keys").body);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0]["state"] == "published");
  CHECK(api.call(Method::post, "/api/v1/domains/a.test/dkim-keys/s/activate").status == 200);
  CHECK(domains.last == "activate a.test s");
  CHECK(api.call(Method::post, "/api/v1/domains/a.test/dkim-keys/s/retire").status == 200);
  CHECK(domains.last == "retire a.test s");
  CHECK(api.call(Method::delete_, "/api/v1/domains/a.test/dkim-keys/s").status == 409);
}

TEST_CASE("a key is RSA with a selector of ours unless told otherwise") {
  Api api;
  CHECK(api.call(Method::post, "/api/v1/domains/a.test/dkim-keys").status == 201);
  CHECK(api.grid.domains_in_memory.last == "add a.test rsa ");
  CHECK(api.call(Method::post, "/api/v1/domains/a.test/dkim-keys", R"({"key": "x"})").status == 400);
}

TEST_CASE("a domain's records are shown with what is there") {
  Api api;
  const auto answer = Json::parse(api.call(Method::get, "/api/v1/domains/a.test/dns").body);
  CHECK(answer["domain"] == "a.test");
  CHECK(answer["records"][0]["state"] == "missing");
  CHECK(answer["records"][0]["required"] == true);
}

TEST_CASE("a domain has other names and a catch-all") {
  Api api;
  auto& domains = api.grid.domains_in_memory;
  CHECK(api.call(Method::post, "/api/v1/domains", R"({"name": "b.test", "alias_of": "a.test"})").status ==
        201);
  CHECK(domains.last == "alias b.test a.test");
  CHECK(api.call(Method::put, "/api/v1/domains/a.test/catch-all", R"({"address": "x@a.test"})").status ==
        200);
  CHECK(domains.last == "catch-all a.test x@a.test");
  CHECK(api.call(Method::delete_, "/api/v1/domains/a.test/catch-all").status == 200);
  CHECK(domains.last == "catch-all a.test ");
}

TEST_CASE("a list is made, changed, shown and removed") {
  Api api;
  CHECK(api.call(Method::post, "/api/v1/lists",
                 R"({"address": "l@a.test", "members": ["x@a.test", "y@b.test"]})")
            .status == 201);
  CHECK(api.call(Method::post, "/api/v1/lists/l@a.test/members",
                 R"({"add": ["z@c.test"], "remove": ["x@a.test"]})")
            .status == 200);
  const auto shown = Json::parse(api.call(Method::get, "/api/v1/lists/l@a.test").body);
  CHECK(shown["members"] == Json::array({"y@b.test", "z@c.test"}));
  CHECK(Json::parse(api.call(Method::get, "/api/v1/lists").body).size() == 1);
  for (const auto* wrong : {R"({"add": "z@c.test"})", R"({"add": [1]})", R"({"members": []})"})
    CHECK(api.call(Method::post, "/api/v1/lists/l@a.test/members", wrong).status == 400);
  CHECK(api.call(Method::delete_, "/api/v1/lists/l@a.test").status == 200);
  CHECK(api.call(Method::get, "/api/v1/lists/l@a.test").status == 404);
}

TEST_CASE("a user's mail is forwarded, with or without a copy here") {
  Api api;
  CHECK(api.call(Method::put, "/api/v1/users/u@a.test/forwarding", R"({"to": ["x@b.test"], "only": true})")
            .status == 200);
  const auto shown = Json::parse(api.call(Method::get, "/api/v1/users/u@a.test/forwarding").body);
  CHECK(shown["to"] == Json::array({"x@b.test"}));
  CHECK(shown["only"] == true);
  CHECK(api.call(Method::put, "/api/v1/users/u@a.test/forwarding", R"({"only": "yes"})").status == 400);
}

TEST_CASE("a user's delegates are set as a whole") {
  Api api;
  CHECK(api.call(Method::put, "/api/v1/users/u@a.test/delegates", R"({"delegates": ["x@a.test"]})").status ==
        200);
  CHECK(api.get("/api/v1/users/u@a.test/delegates")["delegates"] == Json::array({"x@a.test"}));
  CHECK(api.call(Method::put, "/api/v1/users/u@a.test/delegates", R"({"delegates": "x@a.test"})").status ==
        400);
}
