#include "node/api/repeated_request.hpp"

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

constexpr auto* user = R"({"address": "a@x.test", "password": "p"})";

}  // namespace

TEST_CASE("a request with a key is made once, and its answer given again") {
  Api api;
  api.fields = {{"Idempotency-Key", "first"}};
  const auto added = api.call(Method::post, "/api/v1/users", user);
  CHECK(added.status == 201);
  const auto again = api.call(Method::post, "/api/v1/users", user);
  CHECK(again.status == 201);
  CHECK(again.body == added.body);
  CHECK(header_of(again, "Idempotency-Replayed") == "true");
  CHECK(header_of(added, "Idempotency-Replayed").empty());
  api.fields = {{"Idempotency-Key", "second"}};
  CHECK(api.call(Method::post, "/api/v1/users", user).status == 409);
  CHECK(api.call(Method::post, "/api/v1/users", user).status == 409);  // a refusal is an answer, too
}

TEST_CASE("a key is one principal's, for one request") {
  Api api;
  api.fields = {{"Idempotency-Key", "k"}};
  CHECK(api.call(Method::post, "/api/v1/domains", R"({"name": "x.test"})").status == 201);
  CHECK(api.call(Method::post, "/api/v1/domains", R"({"name": "y.test"})").status == 422);
  CHECK(api.call(Method::post, "/api/v1/users", R"({"name": "x.test"})").status == 422);
  CHECK(api.call(Method::post, "/api/v1/domains?a=b", R"({"name": "x.test"})").status == 422);
  api.authorization = "Basic YWRtaW46c2VjcmV0";
  CHECK(api.call(Method::post, "/api/v1/domains", R"({"name": "y.test"})").status == 201);
}

TEST_CASE("what is under way is not made twice; what came to nothing may be made again") {
  Api api;
  api.fields = {{"Idempotency-Key", "k"}};
  CHECK(api.call(Method::post, "/api/v1/queue/00/retry").status == 503);
  CHECK(api.call(Method::post, "/api/v1/queue/00/retry").status == 503);
  CHECK(api.grid.requests_in_memory.answers.empty());
  api.call(Method::post, "/api/v1/domains", R"({"name": "x.test"})");
  REQUIRE(api.grid.requests_in_memory.answers.size() == 1);
  api.grid.requests_in_memory.answers.begin()->second.status = 0;
  const auto meanwhile = api.call(Method::post, "/api/v1/domains", R"({"name": "x.test"})");
  CHECK(meanwhile.status == 409);
  CHECK(Json::parse(meanwhile.body)["code"] == "under_way");
}

TEST_CASE("an answer with a secret is kept nowhere") {
  Api api;
  api.fields = {{"Idempotency-Key", "k"}};
  const auto made = api.call(Method::post, "/api/v1/join-tokens");
  CHECK(made.status == 201);
  REQUIRE(api.grid.requests_in_memory.answers.size() == 1);
  CHECK(api.grid.requests_in_memory.answers.begin()->second.body.empty());
  const auto again = api.call(Method::post, "/api/v1/join-tokens");
  CHECK(again.status == 409);
  CHECK(Json::parse(again.body)["code"] == "answered_before");
}

TEST_CASE("a key must be one, and counts for POST only") {
  Api api;
  api.fields = {{"Idempotency-Key", std::string(256, 'k')}};
  CHECK(api.call(Method::post, "/api/v1/domains", R"({"name": "x.test"})").status == 400);
  api.fields = {{"Idempotency-Key", "k\xc3\xa4"}};
  CHECK(api.call(Method::post, "/api/v1/domains", R"({"name": "x.test"})").status == 400);
  api.fields = {{"Idempotency-Key", "k"}};
  CHECK(api.call(Method::put, "/api/v1/settings", R"({"scrub_days": 7})").status == 200);
  CHECK(api.grid.requests_in_memory.answers.empty());
}

TEST_CASE("who asks too often is told so, and when to come back (RFC 6585, section 4)") {
  Api api;
  api.peer = "192.0.2.7";
  api.grid.requests_in_memory.by_address = Quota{false, 100, 7, 0, 60};
  const auto response = api.call(Method::get, "/api/v1/status");
  CHECK(response.status == 200);
  CHECK(header_of(response, "RateLimit-Limit") == "100");
  CHECK(header_of(response, "RateLimit-Remaining") == "7");
  CHECK(header_of(response, "RateLimit-Reset") == "60");
  api.grid.requests_in_memory.by_principal = Quota{true, 10, 0, 3, 30};
  const auto refused = api.call(Method::get, "/api/v1/status");
  CHECK(refused.status == 429);
  CHECK(header_of(refused, "Retry-After") == "3");
  CHECK(header_of(refused, "RateLimit-Limit") == "10");
  CHECK(api.grid.requests_in_memory.last_principal == "token first");
  CHECK(api.call(Method::get, "/livez").status == 200);
}

TEST_CASE("requests are counted before it is known who asks") {
  Api api;
  api.authorization = "Bearer wrong";
  api.grid.requests_in_memory.by_address = Quota{true, 10, 0, 0, 30};
  const auto refused = api.call(Method::get, "/api/v1/status");
  CHECK(refused.status == 429);
  CHECK(header_of(refused, "Retry-After") == "1");
}
