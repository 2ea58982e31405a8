#include "tests/unit/node/api_in_memory.hpp"

using namespace gridmail;
using namespace gridmail::api;
using gridmail::testing::Api;

TEST_CASE("what was applied is noted, listed and shown") {
  Api api;
  CHECK(api.call(Method::post, "/api/v1/config-versions", R"({"diff": "+ a\n~ b\n"})").status == 201);
  const auto versions = api.get("/api/v1/config-versions");
  REQUIRE(versions.size() == 1);
  CHECK(versions[0]["id"] == 1);
  CHECK(versions[0]["changes"] == 2);
  CHECK(versions[0]["who"] == "admin");
  CHECK(api.get("/api/v1/config-versions/1")["diff"] == "+ a\n~ b\n");
  for (const auto* id : {"0", "2", "x", "-1", "99999999999999999999"})
    CHECK(api.call(Method::get, "/api/v1/config-versions/" + std::string(id)).status == 404);
  CHECK(api.call(Method::post, "/api/v1/config-versions", "{}").status == 400);
}

TEST_CASE("a difference is lines that say what was added, removed or changed") {
  Api api;
  for (const auto* diff :
       {"a", "+ a", "+ a\\nb\\n", "+a\\n", "+ \\n", "\\n", "+ a\\n\\n", "+ a\\tb\\n", "* a\\n"}) {
    CAPTURE(diff);
    const auto body = R"({"diff": ")" + std::string(diff) + R"("})";
    CHECK(api.call(Method::post, "/api/v1/config-versions", body).status == 400);
  }
  CHECK(api.get("/api/v1/config-versions").empty());
}

TEST_CASE("a name that stands in an object twice is refused, wherever that is (RFC 8259, 4)") {
  Api api;
  for (const auto* body : {R"({"address": "a@x.test", "password": "p", "password": "q"})",
                           R"({"address": "a@x.test", "password": "p", "pass\u0077ord": "q"})"}) {
    const auto refused = api.call(Method::post, "/api/v1/users", body);
    CHECK(refused.status == 400);
    CHECK(Json::parse(refused.body)["detail"] == "\"password\" is given twice");
  }
  const auto* batch = R"({"users": [{"address": "a@x.test", "password": "p"}, )"
                      R"({"address": "b@x.test", "password": "p", "address": "c@x.test"}]})";
  CHECK(api.call(Method::post, "/api/v1/user-batches", batch).status == 400);
  CHECK(api.grid.passwords.empty());
}

TEST_CASE("users' settings are listed without secrets") {
  Api api;
  CHECK(api.get("/api/v1/user-settings") == Json::array({{{"address", "u@example.test"},
                                                          {"forward_to", {"else@where.test"}},
                                                          {"forward_only", true},
                                                          {"delegates", {"d@example.test"}}}}));
}
