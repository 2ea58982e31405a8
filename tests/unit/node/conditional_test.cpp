#include "node/api/conditional.hpp"

#include "storage/directory/record_condition.hpp"
#include "tests/unit/node/api_in_memory.hpp"

using namespace gridmail;
using namespace gridmail::api;
using gridmail::testing::Api;

namespace {

std::string header_of(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace

TEST_CASE("what is shown has a tag, and is not sent again to who has it (RFC 9110, 13.1.2)") {
  Api api;
  api.grid.passwords["a@x.test"] = "p";
  const auto shown = api.call(Method::get, "/api/v1/users/a@x.test");
  const auto tag = header_of(shown, "ETag");
  REQUIRE(tag.starts_with("\"v1."));
  for (const auto& known : {tag, "W/" + tag, "\"x\", " + tag, std::string("*")}) {
    CAPTURE(known);
    api.fields = {{"if-none-match", known}};
    const auto again = api.call(Method::get, "/api/v1/users/a@x.test");
    CHECK(again.status == 304);
    CHECK(again.body.empty());
    CHECK(again.content_type.empty());
    CHECK(header_of(again, "ETag") == tag);
  }
  for (const auto* other : {"\"v1\"", "v1", "\"", "W/"}) {
    api.fields = {{"If-None-Match", other}};
    CHECK(api.call(Method::get, "/api/v1/users/a@x.test").status == 200);
  }
}

TEST_CASE("a change is made only to what was seen (RFC 9110, 13.1.1)") {
  Api api;
  api.grid.passwords["a@x.test"] = "p";
  const auto change = [&](const std::string& tag) {
    api.fields = {{"If-Match", tag}};
    return api.call(Method::put, "/api/v1/users/a@x.test/password", R"({"password": "q"})");
  };
  for (const auto* other : {"\"v2.00\"", "W/\"v1.00\"", "v1.00", "\"\""}) {
    CAPTURE(other);
    const auto refused = change(other);
    CHECK(refused.status == 412);
    CHECK(Json::parse(refused.body)["code"] == "precondition_failed");
  }
  CHECK(api.grid.passwords["a@x.test"] == "p");
  CHECK(change("\"v1.whatever was counted beside it\"").status == 200);
  CHECK(api.grid.passwords["a@x.test"] == "q");
  CHECK(change("*").status == 200);
}

TEST_CASE("a change is not made to what is there, or was seen (RFC 9110, 13.1.2)") {
  Api api;
  const auto status_of = [&](const std::string& unwanted, const std::string& wanted) {
    api.fields = {{"If-None-Match", unwanted}};
    if (!wanted.empty()) api.fields.emplace_back("If-Match", wanted);
    return api.call(Method::put, "/api/v1/routes/x.test", R"({"via": "mx"})").status;
  };
  CHECK(status_of("*", "") == 412);
  CHECK(status_of("\"v1.00\"", "") == 412);
  CHECK(status_of("W/\"v1.00\"", "") == 412);
  CHECK(status_of("\"v2.00\"", "") == 200);
  CHECK(status_of("no tag", "") == 200);
  CHECK(status_of("*", "\"v1.00\"") == 412);
  CHECK(status_of("*", "*") == 412);
  CHECK(status_of("\"v1.00\"", "\"v1.00\"") == 412);
  CHECK(status_of("\"v2.00\"", "\"v1.00\", \"v2.00\"") == 200);
  CHECK(status_of("\"v2.00\"", "*") == 200);
  CHECK(status_of("", "*") == 200);
}

TEST_CASE("what is added to a list is not there yet (RFC 9110, 13.1.2)") {
  Api api;
  const auto add = [&](const std::string& unwanted) {
    api.fields = {{"If-None-Match", unwanted}};
    return api.call(Method::post, "/api/v1/users", R"({"address": "a@x.test", "password": "p"})").status;
  };
  CHECK(add("*") == 201);
  CHECK(add("*") == 412);
  CHECK(add("\"v1.00\"") == 409);
  api.fields = {{"If-None-Match", "*"}};
  CHECK(api.call(Method::put, "/api/v1/nodes/node1/weight", R"({"weight": 5})").status == 412);
}

TEST_CASE("what is compared is the record that a path changes") {
  Api api;
  using Kind = Resource::Kind;
  api.fields = {{"If-Match", "\"v0.a\", \"v1.b\""}};
  CHECK(api.call(Method::delete_, "/api/v1/aliases/a@x.test").status == 200);
  CHECK(api.grid.last_resource.kind == Kind::alias);
  CHECK(api.grid.last_resource.name == "a@x.test");
  CHECK(api.call(Method::delete_, "/api/v1/domains/x.test/catch-all").status == 200);
  CHECK(api.grid.last_resource.kind == Kind::domain);
  CHECK(api.call(Method::put, "/api/v1/settings", R"({"scrub_days": 7})").status == 200);
  CHECK(api.grid.last_resource.kind == Kind::settings);
  CHECK(api.call(Method::post, "/api/v1/keys/rotate").status == 412);  // has no tag
  api.fields.clear();
  CHECK(api.call(Method::post, "/api/v1/keys/rotate").status == 200);
}

TEST_CASE("domains, aliases, routes and settings are shown one at a time, with a tag") {
  Api api;
  api.grid.routes_set["x.test"] = {"x.test", "mx", true};
  for (const auto* path : {"domains/example.test", "aliases/a@x.test", "routes/x.test", "settings"})
    CHECK(!header_of(api.call(Method::get, "/api/v1/" + std::string(path)), "ETag").empty());
  CHECK(api.get("/api/v1/domains/example.test")["name"] == "example.test");
  CHECK(api.get("/api/v1/routes/x.test")["tls"] == "required");
  CHECK(api.call(Method::get, "/api/v1/domains/other.test").status == 404);
}
