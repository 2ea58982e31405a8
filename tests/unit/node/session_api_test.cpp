#include <doctest/doctest.h>

#include <algorithm>

#include "node/api/session_cookie.hpp"
#include "tests/unit/node/api_in_memory.hpp"

using namespace gridmail;
using namespace gridmail::api;
using gridmail::testing::Api;

namespace {

std::string header(const Response& response, std::string_view name) {
  for (const auto& [each, value] : response.headers) {
    if (each == name) return value;
  }
  return {};
}

struct Browser : Api {
  Browser() {
    authorization.clear();
    fields = {{"Content-Type", "application/json"}};
  }
  Response log_in(std::string_view user, std::string_view password) {
    const Json body = {{"user", user}, {"password", password}};
    return call(Method::post, "/api/v1/session", body.dump());
  }
  /// From now on the browser sends its cookie, and the page the token.
  std::string come_in(std::string_view user) {
    const auto response = log_in(user, "secret");
    REQUIRE(response.status == 201);
    const auto cookie = header(response, "Set-Cookie");
    fields.emplace_back("Cookie", "theme=dark; " + cookie.substr(0, cookie.find(';')));
    auto csrf = Json::parse(response.body)["csrf"].get<std::string>();
    fields.emplace_back("X-CSRF-Token", csrf);
    return csrf;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Browser, "a right password gives a cookie that no script reads and no other site sends") {
  const auto response = log_in("viewer@example.test", "secret");
  CHECK(response.status == 201);
  CHECK(header(response, "Set-Cookie") ==
        "gridmail_session=gms_secret; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict");
  const auto json = Json::parse(response.body);
  CHECK(json["role"] == "viewer");
  CHECK(json["csrf"] == csrf_token("gms_secret"));
  CHECK(response.body.find("gms_secret") == std::string::npos);
  CHECK(grid.actor.who.name == "viewer@example.test");
  secure = true;
  CHECK(header(log_in("viewer@example.test", "secret"), "Set-Cookie").ends_with("; Secure"));
}

TEST_CASE_FIXTURE(Browser, "a wrong password gives none, and the page is not asked by the browser") {
  fields.emplace_back("X-Requested-With", "dashboard");
  const auto response = log_in("viewer@example.test", "wrong");
  CHECK(response.status == 401);
  CHECK(header(response, "Set-Cookie").empty());
  CHECK(header(response, "WWW-Authenticate") == "Bearer");
  CHECK(log_in("", "secret").status == 400);
  loopback = false;
  CHECK(log_in("viewer@example.test", "secret").status == 403);  // plain HTTP from elsewhere
  fields = {{"Content-Type", "text/plain"}};
  loopback = true;
  CHECK(log_in("viewer@example.test", "secret").status == 400);  // a form of another site
}

TEST_CASE_FIXTURE(Browser, "the cookie is who asks, with that role") {
  const auto csrf = come_in("operator@example.test");
  const auto session = get("/api/v1/session");
  CHECK(session["name"] == "operator@example.test");
  CHECK(session["csrf"] == csrf);
  CHECK(call(Method::get, "/api/v1/status").status == 200);
  CHECK(call(Method::post, "/api/v1/nodes/b/drain").status == 200);
  CHECK(grid.actor.who.name == "operator@example.test");
  CHECK(call(Method::delete_, "/api/v1/nodes/b").status == 403);
}

TEST_CASE_FIXTURE(Browser, "a change needs the session's own token") {
  come_in("admin@example.test");
  CHECK(call(Method::post, "/api/v1/nodes/b/drain").status == 200);
  grid.drained.clear();
  for (const std::string& token : {std::string(), std::string("x"), csrf_token("gms_another")}) {
    CAPTURE(token);
    fields.back().second = token;
    const auto refused = call(Method::post, "/api/v1/nodes/b/drain");
    CHECK(refused.status == 403);
    CHECK(Json::parse(refused.body)["code"] == "csrf");
    CHECK(call(Method::get, "/api/v1/status").status == 200);
  }
  CHECK(grid.drained.empty());
}

TEST_CASE_FIXTURE(Api, "a password that a browser adds to another site's request changes nothing") {
  authorization = "Basic YWRtaW46c2VjcmV0";
  const auto with = [this](std::vector<std::pair<std::string, std::string>> more, Method method) {
    fields = std::move(more);
    fields.emplace_back("Host", "mail1.example.org:7443");
    const auto* path = method == Method::get ? "/api/v1/status" : "/api/v1/nodes/b/drain";
    return call(method, path).status;
  };
  for (const auto* site : {"cross-site", "same-site"}) {
    CHECK(with({{"Sec-Fetch-Site", site}}, Method::post) == 403);
    CHECK(with({{"Sec-Fetch-Site", site}}, Method::get) == 200);
  }
  CHECK(with({{"Origin", "https://elsewhere.example"}}, Method::post) == 403);
  CHECK(with({{"Origin", "null"}}, Method::post) == 403);
  CHECK(grid.drained.empty());
  CHECK(with({{"Sec-Fetch-Site", "same-origin"}, {"Origin", "https://elsewhere.example"}}, Method::post) ==
        200);
  CHECK(with({{"Origin", "https://mail1.example.org:7443"}}, Method::post) == 200);
  CHECK(with({}, Method::post) == 200);  // no browser
  authorization = "Bearer the-token";    // no browser adds one by itself
  CHECK(with({{"Sec-Fetch-Site", "cross-site"}}, Method::post) == 200);
}

TEST_CASE_FIXTURE(Browser, "who changes the own password by a session says the present one") {
  come_in("user@example.test");
  const auto change = [this](const char* body) {
    return call(Method::put, "/api/v1/users/user@example.test/password", body).status;
  };
  CHECK(change(R"({"password": "new"})") == 400);
  CHECK(change(R"({"password": "new", "current": "wrong"})") == 403);
  CHECK(grid.passwords.empty());
  CHECK(change(R"({"password": "new", "current": "secret"})") == 200);
  CHECK(grid.passwords["user@example.test"] == "new");
}

TEST_CASE_FIXTURE(Browser, "who sets an administrator's password by a session says the own one") {
  come_in("admin");
  const auto change = [this](const char* body) {
    return call(Method::put, "/api/v1/admins/admin/password", body).status;
  };
  CHECK(change(R"({"password": "new"})") == 400);
  CHECK(change(R"({"password": "new", "current": "wrong"})") == 403);
  CHECK(grid.access_in_memory.admin_passwords["admin"] == "secret");
  CHECK(change(R"({"password": "new", "current": "secret"})") == 200);
  CHECK(grid.access_in_memory.admin_passwords["admin"] == "new");
}

TEST_CASE_FIXTURE(Browser, "what lets somebody in later is made by a session with the own present password") {
  come_in("admin");
  struct Case {
    Method method;
    const char* path;
    Json body;
  };
  const Case cases[] = {
      {Method::post, "/api/v1/tokens", {{"name", "ci"}, {"role", "admin"}}},
      {Method::post, "/api/v1/admins", {{"name", "second"}, {"password", "x"}}},
      {Method::post, "/api/v1/join-tokens", Json::object()},
      {Method::post,
       "/api/v1/users/user@example.test/app-passwords",
       {{"name", "phone"}, {"protocols", Json::array({"imap"})}}},
      {Method::put, "/api/v1/users/user@example.test/role", {{"role", "admin"}}},
      {Method::put, "/api/v1/users/user@example.test/password", {{"password", "new"}}},
  };
  const auto send = [this](const Case& each, const char* current) {
    Json body = each.body;
    if (current != nullptr) body["current"] = current;
    return call(each.method, each.path, body.dump()).status;
  };
  for (const auto& each : cases) {
    CAPTURE(each.path);
    CHECK(send(each, nullptr) == 400);
    CHECK(send(each, "wrong") == 403);
  }
  CHECK(grid.access_in_memory.tokens_made.empty());
  CHECK(grid.access_in_memory.passwords_made.empty());
  CHECK(grid.access_in_memory.admin_passwords.size() == 1);
  CHECK(grid.access_in_memory.last.empty());
  CHECK(grid.passwords.empty());
  for (const auto& each : cases) {
    CAPTURE(each.path);
    CHECK(send(each, "secret") < 300);
  }
  CHECK(grid.access_in_memory.last == "user@example.test is admin");
  CHECK(grid.passwords["user@example.test"] == "new");
}

TEST_CASE_FIXTURE(Browser, "an ended session is of no use any more") {
  come_in("admin@example.test");
  const auto ended = call(Method::delete_, "/api/v1/session");
  CHECK(ended.status == 200);
  CHECK(header(ended, "Set-Cookie").starts_with("gridmail_session=; Path=/; Max-Age=0"));
  CHECK(call(Method::get, "/api/v1/status").status == 401);
  fields.clear();
  authorization = "Bearer the-token";
  CHECK(call(Method::delete_, "/api/v1/session").status == 400);  // a token is no session
  CHECK(get("/api/v1/session")["csrf"].is_null());
}

TEST_CASE_FIXTURE(Browser, "users see and end their own sessions, admins everybody's") {
  const auto open = [&](const char* id, const char* account) {
    grid.access_in_memory.sessions_open.push_back({id, account, Role::user, "192.0.2.7", 0, 1'000'000});
  };
  open("a", "user@example.test");
  open("b", "viewer@example.test");
  open("id-of-gms_secret", "user@example.test");
  come_in("user@example.test");
  auto rows = get("/api/v1/sessions");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0]["id"] == "a");
  CHECK(rows[0]["address"] == "192.0.2.7");
  CHECK(rows[0]["current"] == false);
  CHECK(rows[1]["current"] == true);
  CHECK(call(Method::delete_, "/api/v1/sessions/b").status == 404);
  CHECK(call(Method::delete_, "/api/v1/sessions/a").status == 200);
  CHECK(get("/api/v1/sessions").size() == 1);
  fields.clear();
  fields.emplace_back("Content-Type", "application/json");
  come_in("admin@example.test");
  CHECK(get("/api/v1/sessions").size() == 2);
  CHECK(get("/api/v1/sessions?limit=1").size() == 1);
  CHECK(call(Method::delete_, "/api/v1/sessions/b").status == 200);
}

TEST_CASE_FIXTURE(Browser, "a session says what its role may change") {
  const auto may_of = [&](std::string_view user) {
    fields = {{"Content-Type", "application/json"}};
    const auto allowed = Json::parse(log_in(user, "secret").body)["may"];
    return [allowed](std::string_view change) {
      return std::find(allowed.begin(), allowed.end(), change) != allowed.end();
    };
  };
  const auto user = may_of("user@example.test"), viewer = may_of("viewer@example.test"),
             operate = may_of("operator@example.test"), admin = may_of("admin@example.test");
  CHECK(user("DELETE /api/v1/session"));
  CHECK_FALSE(user("POST /api/v1/users/{address}/app-passwords"));  // but the own
  CHECK_FALSE(viewer("POST /api/v1/nodes/{node}/drain"));
  CHECK(operate("POST /api/v1/nodes/{node}/drain"));
  CHECK_FALSE(operate("DELETE /api/v1/nodes/{node}"));
  CHECK(admin("DELETE /api/v1/nodes/{node}"));
}

TEST_CASE("the session's cookie is found among others") {
  const auto secret_in = [](std::string cookies) {
    Request request;
    request.fields.emplace_back("cookie", std::move(cookies));
    return session_secret(request);
  };
  CHECK(secret_in("gridmail_session=a") == "a");
  CHECK(secret_in("x=1; gridmail_session=a=b; y=2") == "a=b");
  CHECK(secret_in("x=1;gridmail_session=a") == "a");
  for (const auto* none :
       {"", ";", "gridmail_session", "gridmail_session=", "xgridmail_session=a", "gridmail_sessions=a"}) {
    CAPTURE(none);
    CHECK(secret_in(none).empty());
  }
}
