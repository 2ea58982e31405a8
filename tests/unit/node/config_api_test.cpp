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

TEST_CASE("users' settings are listed without secrets") {
  Api api;
  CHECK(api.get("/api/v1/user-settings") == Json::array({{{"address", "u@example.test"},
                                                          {"forward_to", {"else@where.test"}},
                                                          {"forward_only", true},
                                                          {"delegates", {"d@example.test"}}}}));
}
