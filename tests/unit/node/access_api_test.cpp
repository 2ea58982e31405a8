#include <doctest/doctest.h>

#include "node/base/bytes.hpp"
#include "tests/unit/node/api_in_memory.hpp"

using namespace gridmail;
using namespace gridmail::api;
using gridmail::testing::Api;

TEST_CASE("what is changed is changed in the name of who asks, and from where") {
  Api api;
  api.peer = "192.0.2.7";
  CHECK(api.call(Method::post, "/api/v1/nodes/b/drain").status == 200);
  CHECK(api.grid.actor.who.name == "token first");
  CHECK(api.grid.actor.address == "192.0.2.7");
  api.authorization = "basic YWRtaW46c2VjcmV0";
  CHECK(api.call(Method::post, "/api/v1/nodes/b/undrain").status == 200);
  CHECK(api.grid.actor.who.name == "admin");
  api.grid.actor = {};
  CHECK(api.call(Method::get, "/api/v1/status").status == 200);
  CHECK(api.grid.actor.who.name.empty());
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
  const auto page = api.call(Method::get, "/api/v1/audit?limit=2&after=5");
  REQUIRE(page.headers.size() == 1);
  CHECK(page.headers[0].second == "</api/v1/audit?limit=2&after=3>; rel=\"next\"");
  CHECK(api.call(Method::get, "/api/v1/audit?limit=2&after=3").headers.empty());
  CHECK(second[0]["object"] == "u3@example.test");
  for (const auto* query : {"limit=0", "limit=x", "limit=10001", "after=x", "after=-1"}) {
    CAPTURE(query);
    CHECK(api.call(Method::get, std::string("/api/v1/audit?") + query).status == 400);
  }
}

TEST_CASE("administrators are listed, added and removed, and no name is a user's") {
  Api api;
  CHECK(api.call(Method::post, "/api/v1/admins", R"({"name": "second", "password": "x"})").status == 201);
  CHECK(api.call(Method::post, "/api/v1/admins", R"({"name": "second", "password": "x"})").status == 409);
  for (const auto* body : {"{}", R"({"name": "a"})", R"({"name": "a", "password": ""})",
                           R"({"name": "a@b.test", "password": "x"})", R"({"name": "", "password": "x"})"}) {
    CAPTURE(body);
    CHECK(api.call(Method::post, "/api/v1/admins", body).status == 400);
  }
  const auto listed = api.get("/api/v1/admins");
  REQUIRE(listed.size() == 2);
  CHECK(listed[0] == Json{{"name", "admin"},
                          {"created", "1970-01-01T00:00:00Z"},
                          {"password_set", "1970-01-01T00:00:01Z"}});
  CHECK(api.call(Method::put, "/api/v1/admins/second/password", R"({"password": "y"})").status == 200);
  CHECK(api.call(Method::put, "/api/v1/admins/nobody/password", R"({"password": "y"})").status == 404);
  CHECK(api.call(Method::delete_, "/api/v1/admins/second").status == 200);
  CHECK(api.call(Method::delete_, "/api/v1/admins/second").status == 404);
  CHECK(api.call(Method::delete_, "/api/v1/admins/admin").status == 409);
}

TEST_CASE("a token is made for who asks, shown once, and ends") {
  Api api;
  const auto added = api.call(Method::post, "/api/v1/tokens",
                              R"({"name": "ci", "role": "operator", "expires_seconds": 60})");
  CHECK(added.status == 201);
  const auto json = Json::parse(added.body);
  CHECK(json["token"] == "gmt_secret");
  CHECK(json["owner"] == "admin");
  CHECK(json["expires"] == "1970-01-01T00:01:00Z");
  const auto listed = api.get("/api/v1/tokens");
  REQUIRE(listed.size() == 1);
  CHECK(listed[0]["role"] == "operator");
  CHECK(!listed[0].contains("token"));
  CHECK(api.call(Method::delete_, "/api/v1/tokens/ci").status == 200);
  CHECK(api.call(Method::delete_, "/api/v1/tokens/ci").status == 404);
  for (const auto* body : {"{}", R"({"name": "a"})", R"({"name": "a", "role": "root"})",
                           R"({"name": "a", "role": "admin", "expires_seconds": 0})",
                           R"({"name": "a", "role": "admin", "expires_seconds": -1})"}) {
    CAPTURE(body);
    CHECK(api.call(Method::post, "/api/v1/tokens", body).status == 400);
  }
}

TEST_CASE("an app password is shown once, and names what it is for") {
  Api api;
  api.authorization = "Basic " + to_base64("user@example.test:secret");
  const std::string path = "/api/v1/users/user@example.test/app-passwords";
  const auto added = api.call(Method::post, path, R"({"name": "phone", "protocols": ["imap", "smtp"]})");
  CHECK(added.status == 201);
  CHECK(Json::parse(added.body)["password"] == "drawn-words");
  const auto listed = api.get(path);
  REQUIRE(listed.size() == 1);
  CHECK(listed[0]["protocols"] == Json::array({"imap", "smtp"}));
  CHECK(!listed[0].contains("password"));
  CHECK(api.call(Method::post, path, R"({"name": "phone"})").status == 400);
  CHECK(api.call(Method::delete_, path + "/phone").status == 200);
  CHECK(api.call(Method::delete_, path + "/phone").status == 404);
}

TEST_CASE("a role is given by name") {
  Api api;
  const std::string path = "/api/v1/users/u@example.test/role";
  CHECK(api.call(Method::put, path, R"({"role": "operator"})").status == 200);
  CHECK(api.grid.access_in_memory.last == "u@example.test is operator");
  CHECK(api.call(Method::put, path, R"({"role": "root"})").status == 400);
}
