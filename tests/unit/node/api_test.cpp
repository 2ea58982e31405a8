#include <doctest/doctest.h>

#include "node/api/credentials.hpp"
#include "tests/unit/node/api_in_memory.hpp"

using namespace gridmail;
using namespace gridmail::api;
using gridmail::testing::Api;

TEST_CASE("probes, metrics and the status page answer without log-in") {
  Api api;
  api.authorization.clear();
  CHECK(api.call(Method::get, "/livez").body == "alive\n");
  CHECK(api.call(Method::get, "/startupz").status == 200);
  CHECK(api.call(Method::get, "/readyz").body == "ready\n");
  CHECK(api.call(Method::get, "/metrics").content_type == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(api.call(Method::get, "/").body.find("<title>gridmail</title>") != std::string::npos);
}

TEST_CASE("readiness fails when one check fails, and says which") {
  Api api;
  api.grid.is_ready = false;
  const auto response = api.call(Method::get, "/readyz?verbose");
  CHECK(response.status == 503);
  CHECK(response.body == "[+] map\n[-] canary_write: timed out\nnot ready\n");
}

TEST_CASE("everything below /api/ asks who it is, known path or not") {
  Api api;
  for (const auto* authorization : {"", "Bearer wrong", "Basic YWRtaW46d3Jvbmc=", "Basic !!", "Digest x"}) {
    api.authorization = authorization;
    CAPTURE(authorization);
    CHECK(api.call(Method::get, "/api/v1/status").status == 401);
    CHECK(api.call(Method::get, "/api/nothing").status == 401);
  }
  api.authorization = "basic YWRtaW46c2VjcmV0";
  CHECK(api.call(Method::get, "/api/v1/status").status == 200);
  CHECK(api.call(Method::get, "/api/nothing").status == 404);
}

TEST_CASE("credentials over plain HTTP are taken from this machine only") {
  Api api;
  api.loopback = false;
  CHECK(api.call(Method::get, "/api/v1/status").status == 403);
  api.secure = true;
  CHECK(api.call(Method::get, "/api/v1/status").status == 200);
}

TEST_CASE("the status has verdict, reasons and nodes by id") {
  Api api;
  const auto status = api.get("/api/v1/status");
  CHECK(status["verdict"] == "degraded");
  CHECK(status["reasons"] == Json::array({"node b is suspect"}));
  CHECK(status["map_version"] == 7);
  CHECK(status["nodes"].size() == 2);
  CHECK(status["nodes"][1]["state"] == "suspect");
  CHECK(status["nodes"][1]["member_state"] == "draining");
  CHECK(status["nodes"][0]["id"] == api.grid.first.hex());
}

TEST_CASE("slots are numbers, the directory's row is called directory") {
  Api api;
  const auto slots = api.get("/api/v1/slots");
  CHECK(slots[0]["slot"] == 0);
  CHECK(slots[1]["slot"] == "directory");
  CHECK(slots[0]["primary"] == api.grid.first.hex());
  CHECK(slots[0]["in_sync"].size() == 2);
  CHECK(slots[0]["joining"] == Json::array());
}

TEST_CASE("a user is added, shown, changed and removed") {
  Api api;
  const auto added =
      api.call(Method::post, "/api/v1/users", R"({"address": "a@example.test", "password": "p"})");
  CHECK(added.status == 201);
  CHECK(Json::parse(added.body)["not_yet_on"] == Json::array({api.grid.second.hex()}));
  CHECK(api.call(Method::post, "/api/v1/users", R"({"address": "a@example.test", "password": "p"})").status ==
        409);
  CHECK(api.get("/api/v1/users").size() == 1);
  CHECK(api.get("/api/v1/users/a%40example.test")["address"] == "a@example.test");
  CHECK(api.get("/api/v1/users/a@example.test/location")["slot"] == 0);
  CHECK(api.call(Method::put, "/api/v1/users/a@example.test/password", R"({"password": "q"})").status == 200);
  CHECK(api.grid.passwords["a@example.test"] == "q");
  CHECK(api.call(Method::delete_, "/api/v1/users/a@example.test").status == 200);
  CHECK(api.call(Method::delete_, "/api/v1/users/a@example.test").status == 404);
}

TEST_CASE("a bad body changes nothing and says what is wrong") {
  Api api;
  for (const auto* body :
       {"", "{", "[]", "{\"address\": 1, \"password\": \"p\"}", "{\"address\": \"\", \"password\": \"p\"}",
        "{\"address\": \"a@b\", \"password\": \"p\", \"admin\": true}", "\xff"}) {
    CAPTURE(body);
    const auto response = api.call(Method::post, "/api/v1/users", body);
    CHECK(response.status == 400);
    CHECK(response.content_type == "application/problem+json");
    CHECK(Json::parse(response.body)["status"] == 400);
  }
  CHECK(api.grid.passwords.empty());
}

TEST_CASE("a batch of users adds all that can be added; a malformed one adds nobody") {
  Api api;
  const auto add = [&](const char* body) { return api.call(Method::post, "/api/v1/user-batches", body); };
  for (
      const auto* body :
      {"{}", R"({"users": 1})", R"({"users": [1]})", R"({"users": [{"address": "a@example.test"}]})",
       R"({"users": [{"address": "a@example.test", "password": "p"}, {"address": "b@example.test", "colour": "red"}]})",
       R"({"users": [{"address": "a@example.test", "password": "p", "password_hash": "h"}]})"}) {
    CAPTURE(body);
    CHECK(add(body).status == 400);
  }
  CHECK(api.grid.passwords.empty());
  const auto done = add(
      R"({"users": [{"address": "a@example.test", "password": "p"}, {"address": "a@example.test", "password": "q"},
                    {"address": "b@example.test", "password_hash": "{CRYPT}$6$a$b"}]})");
  CHECK(done.status == 200);
  const auto rows = Json::parse(done.body);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0]["address"] == "a@example.test");
  CHECK(rows[1]["error"]["code"] == "already_exists");
  CHECK(rows[2]["not_yet_on"].size() == 1);
  CHECK(api.grid.passwords["a@example.test"] == "p");
  CHECK(api.grid.passwords["b@example.test"] == "{CRYPT}$6$a$b");
}

TEST_CASE("the queue is listed and acted on by choice, and never dropped without one") {
  Api api;
  api.call(Method::get, "/api/v1/queue?destination=x.test&sender=a%40b.test&after=00&limit=7");
  CHECK(api.grid.queue_asked == "x.test a@b.test 00 8");
  api.call(Method::get, "/api/v1/queue");
  CHECK(api.grid.queue_asked == "   1001");
  for (const auto* query : {"limit=0", "limit=x", "limit=10001", "sender=%zz"})
    CHECK(api.call(Method::get, "/api/v1/queue?" + std::string(query)).status == 400);
  const auto held = api.call(Method::post, "/api/v1/queue/hold", R"({"destination": "x.test"})");
  CHECK(api.grid.queue_asked == "1 x.test ");
  CHECK(Json::parse(held.body) == Json({{"entries", 7}, {"next_slot", 128}}));
  const auto more = api.call(Method::post, "/api/v1/queue/flush", R"({"from_slot": 128})");
  CHECK(api.grid.queue_asked == "0  ");
  CHECK(Json::parse(more.body) == Json({{"entries", 7}}));
  CHECK(api.call(Method::post, "/api/v1/queue/remove", "{}").status == 400);
  CHECK(api.call(Method::post, "/api/v1/queue/remove", R"({"sender": "a@b.test"})").status == 200);
}

TEST_CASE("errors become the status that fits them") {
  Api api;
  CHECK(api.call(Method::post, "/api/v1/nodes/b/drain").status == 200);
  CHECK(api.grid.drained == "b");
  CHECK(api.call(Method::post, "/api/v1/nodes/x/drain").status == 404);
  CHECK(api.call(Method::delete_, "/api/v1/domains/example.test").status == 409);
  CHECK(api.call(Method::post, "/api/v1/queue/00/retry").status == 503);
  CHECK(api.call(Method::get, "/api/v1/users/%zz").status == 400);
  const auto response = api.call(Method::put, "/api/v1/users");
  CHECK(response.status == 405);
  CHECK(response.headers.at(0) == std::pair<std::string, std::string>("Allow", "GET, POST"));
}

TEST_CASE("a join token lives as long as asked, an hour by default") {
  Api api;
  CHECK(Json::parse(api.call(Method::post, "/api/v1/join-tokens").body)["token"] == "token-for-3600");
  const auto response = api.call(Method::post, "/api/v1/join-tokens", R"({"ttl_seconds": 60})");
  CHECK(Json::parse(response.body)["expires"] == "1970-01-01T00:01:00Z");
  CHECK(api.call(Method::post, "/api/v1/join-tokens", R"({"ttl_seconds": 0})").status == 400);
  CHECK(api.call(Method::post, "/api/v1/join-tokens", R"({"ttl_seconds": 1.5})").status == 400);
}

TEST_CASE("a pattern matches its own shape only") {
  CHECK(match("/a/{x}/b", "/a/1/b"));
  CHECK(!match("/a/{x}/b", "/a//b"));
  CHECK(!match("/a/{x}", "/a/1/b"));
  CHECK(!match("/a", "/a/"));
  CHECK(match("/", "/"));
  CHECK(match("/{x}", "/%2f")->at(0) == "/");
}

TEST_CASE("certificates are listed without keys, put whole, and removed by name") {
  Api api;
  const auto list = api.get("/api/v1/certificates");
  REQUIRE(list.size() == 1);
  CHECK(list[0]["names"] == Json::array({"mail.example.org", "*.example.org"}));
  CHECK(list[0]["not_after"] == "1970-01-01T00:00:01Z");
  CHECK_FALSE(list[0].contains("key"));
  CHECK(api.call(Method::put, "/api/v1/certificates", R"({"certificate": "a"})").status == 400);
  const std::string large = Json{{"certificate", "a"}, {"key", std::string(20'000, 'k')}}.dump();
  CHECK(api.call(Method::put, "/api/v1/certificates", large).status == 400);
  CHECK(api.call(Method::put, "/api/v1/certificates", R"({"certificate": "a", "key": "b"})").status == 200);
  CHECK(api.call(Method::delete_, "/api/v1/certificates/mail.example.org").status == 200);
  CHECK(api.call(Method::delete_, "/api/v1/certificates/other.example.org").status == 404);
}

TEST_CASE("figures are of an hour or a day, in columns, and say who did not answer") {
  Api api;
  const auto hour = api.get("/api/v1/figures");
  CHECK(hour["span_seconds"] == 10);
  CHECK(hour["spans"]["received"] == api::Json::array({10}));
  CHECK(hour["spans"]["smtp_p99_ms"] == api::Json::array({nullptr}));
  CHECK(hour["nodes"].size() == 1);
  CHECK(hour["silent"].size() == 1);
  CHECK(api.get("/api/v1/figures?window=day")["span_seconds"] == 60);
  CHECK(api.call(api::Method::get, "/api/v1/figures?window=year").status == 400);
}
