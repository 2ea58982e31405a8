// Each role against each route: whoever adds a route says here who may use it.
#include <doctest/doctest.h>

#include <map>

#include "tests/unit/node/api_in_memory.hpp"

using namespace gridmail;
using namespace gridmail::api;
using gridmail::testing::Api;

namespace {

const std::map<std::string, std::string> least = {
    {"GET /livez", "open"},
    {"GET /startupz", "open"},
    {"GET /readyz", "open"},
    {"GET /metrics", "open"},
    {"GET /nginx-auth", "open"},
    {"GET /mail/config-v1.1.xml", "open"},
    {"GET /.well-known/autoconfig/mail/config-v1.1.xml", "open"},
    {"POST /autodiscover/autodiscover.xml", "open"},
    {"GET /autodiscover/autodiscover.json", "open"},
    {"GET /mail.mobileconfig", "open"},
    {"GET /", "open"},
    {"GET /dashboard/{file}", "open"},
    {"GET /api/v1/status", "viewer"},
    {"GET /api/v1/figures", "viewer"},
    {"GET /api/v1/events", "viewer"},
    {"GET /api/v1/statistics", "viewer"},
    {"GET /api/v1/chronicle", "viewer"},
    {"GET /api/v1/queue/summary", "viewer"},
    {"GET /api/v1/user-settings", "viewer"},
    {"GET /api/v1/config-versions", "viewer"},
    {"GET /api/v1/config-versions/{id}", "viewer"},
    {"POST /api/v1/config-versions", "admin"},
    {"GET /api/v1/domains/{name}", "viewer"},
    {"GET /api/v1/aliases/{address}", "viewer"},
    {"GET /api/v1/routes/{domain}", "viewer"},
    {"GET /api/v1/nodes", "viewer"},
    {"POST /api/v1/nodes/{node}/drain", "operator"},
    {"POST /api/v1/nodes/{node}/undrain", "operator"},
    {"DELETE /api/v1/nodes/{node}", "admin"},
    {"POST /api/v1/nodes/{node}/replace", "admin"},
    {"PUT /api/v1/nodes/{node}/weight", "admin"},
    {"PUT /api/v1/nodes/{node}/zone", "admin"},
    {"POST /api/v1/nodes/{node}/maintenance", "operator"},
    {"GET /api/v1/settings", "viewer"},
    {"PUT /api/v1/settings", "admin"},
    {"POST /api/v1/scrub", "operator"},
    {"GET /api/v1/jobs", "viewer"},
    {"POST /api/v1/jobs/{id}/pause", "operator"},
    {"POST /api/v1/jobs/{id}/resume", "operator"},
    {"POST /api/v1/join-tokens", "admin"},
    {"GET /api/v1/join-tokens", "admin"},
    {"DELETE /api/v1/join-tokens/{id}", "admin"},
    {"GET /api/v1/map", "viewer"},
    {"GET /api/v1/slots", "viewer"},
    {"GET /api/v1/keys", "viewer"},
    {"POST /api/v1/keys/rotate", "admin"},
    {"GET /api/v1/certificates", "viewer"},
    {"PUT /api/v1/certificates", "admin"},
    {"DELETE /api/v1/certificates/{name}", "admin"},
    {"GET /api/v1/session", "anyone"},
    {"POST /api/v1/session", "open"},
    {"DELETE /api/v1/session", "anyone"},
    {"GET /api/v1/sessions", "anyone"},
    {"DELETE /api/v1/sessions/{id}", "anyone"},
    {"GET /api/v1/tokens", "admin"},
    {"POST /api/v1/tokens", "admin"},
    {"DELETE /api/v1/tokens/{name}", "admin"},
    {"GET /api/v1/admins", "admin"},
    {"POST /api/v1/admins", "admin"},
    {"PUT /api/v1/admins/{name}/password", "admin"},
    {"DELETE /api/v1/admins/{name}", "admin"},
    {"GET /api/v1/audit", "viewer"},
    {"GET /api/v1/openapi.json", "anyone"},
    {"GET /api/v1/users", "viewer"},
    {"POST /api/v1/users", "admin"},
    {"POST /api/v1/user-batches", "admin"},
    {"GET /api/v1/users/{address}", "self or viewer"},
    {"PUT /api/v1/users/{address}/password", "self or admin"},
    {"DELETE /api/v1/users/{address}", "admin"},
    {"PUT /api/v1/users/{address}/role", "admin"},
    {"GET /api/v1/users/{address}/app-passwords", "self or admin"},
    {"POST /api/v1/users/{address}/app-passwords", "self or admin"},
    {"DELETE /api/v1/users/{address}/app-passwords/{name}", "self or admin"},
    {"GET /api/v1/users/{address}/location", "self or viewer"},
    {"GET /api/v1/lookup", "viewer"},
    {"GET /api/v1/domains", "viewer"},
    {"POST /api/v1/domains", "admin"},
    {"DELETE /api/v1/domains/{name}", "admin"},
    {"GET /api/v1/aliases", "viewer"},
    {"POST /api/v1/aliases", "admin"},
    {"PUT /api/v1/aliases/{address}", "admin"},
    {"DELETE /api/v1/aliases/{address}", "admin"},
    {"GET /api/v1/domains/{name}/dns", "viewer"},
    {"PUT /api/v1/domains/{name}/catch-all", "admin"},
    {"DELETE /api/v1/domains/{name}/catch-all", "admin"},
    {"GET /api/v1/lists", "viewer"},
    {"POST /api/v1/lists", "admin"},
    {"GET /api/v1/lists/{address}", "viewer"},
    {"POST /api/v1/lists/{address}/members", "admin"},
    {"DELETE /api/v1/lists/{address}", "admin"},
    {"GET /api/v1/users/{address}/forwarding", "self or viewer"},
    {"PUT /api/v1/users/{address}/forwarding", "admin"},
    {"GET /api/v1/users/{address}/delegates", "self or viewer"},
    {"PUT /api/v1/users/{address}/delegates", "admin"},
    {"GET /api/v1/dkim-keys", "viewer"},
    {"POST /api/v1/domains/{name}/dkim-keys", "admin"},
    {"POST /api/v1/domains/{name}/dkim-keys/{selector}/activate", "admin"},
    {"POST /api/v1/domains/{name}/dkim-keys/{selector}/retire", "admin"},
    {"DELETE /api/v1/domains/{name}/dkim-keys/{selector}", "admin"},
    {"GET /api/v1/queue", "viewer"},
    {"POST /api/v1/queue/{id}/retry", "operator"},
    {"POST /api/v1/queue/{id}/hold", "operator"},
    {"POST /api/v1/queue/{id}/release", "operator"},
    {"DELETE /api/v1/queue/{id}", "operator"},
    {"POST /api/v1/queue/flush", "operator"},
    {"POST /api/v1/queue/hold", "operator"},
    {"POST /api/v1/queue/release", "operator"},
    {"POST /api/v1/queue/remove", "operator"},
    {"GET /api/v1/trace/{what}", "viewer"},
    {"GET /api/v1/routes", "viewer"},
    {"PUT /api/v1/routes/{domain}", "admin"},
    {"DELETE /api/v1/routes/{domain}", "admin"},
};

std::string name_of_route(const Route& route) {
  const std::map<Method, std::string> methods = {
      {Method::get, "GET "}, {Method::post, "POST "}, {Method::put, "PUT "}, {Method::delete_, "DELETE "}};
  return methods.at(route.method) + std::string(route.pattern);
}

/// With something in place of each {…}.
std::string path_of(const Route& route, const std::string& address) {
  std::string path(route.pattern);
  for (auto open = path.find('{'); open != std::string::npos; open = path.find('{')) {
    const auto name = path.substr(open, path.find('}') - open + 1);
    path.replace(open, name.size(), name == "{address}" ? address : "x");
  }
  return path;
}

bool allowed(const std::string& rule, const std::string& role, bool own) {
  const std::map<std::string, int> ranks = {{"user", 0}, {"viewer", 1}, {"operator", 2}, {"admin", 3}};
  if (rule == "open" || rule == "anyone") return true;
  if (rule.starts_with("self or ")) return own || ranks.at(role) >= ranks.at(rule.substr(8));
  return ranks.at(role) >= ranks.at(rule);
}

/// Of the user of that name with the password "secret".
std::string basic(const std::string& role) {
  return "Basic " + to_base64(role + "@example.test:secret");
}

}  // namespace

TEST_CASE("each route is in the table of who may, and each row is a route") {
  std::size_t known = 0;
  for (const auto& route : routes()) {
    CAPTURE(name_of_route(route));
    CHECK(least.contains(name_of_route(route)));
    ++known;
  }
  CHECK(known == least.size());
}

TEST_CASE("each role may use the routes that it should, and no others") {
  for (const auto& route : routes()) {
    const auto& rule = least.at(name_of_route(route));
    for (const std::string role : {"user", "viewer", "operator", "admin"}) {
      for (const bool own : {false, true}) {
        Api api;
        api.authorization = basic(role);
        const auto path = path_of(route, own ? role + "@example.test" : "other@example.test");
        CAPTURE(name_of_route(route));
        CAPTURE(role);
        CAPTURE(own);
        const bool is_about_users = route.pattern.find("/users/{address}") != std::string_view::npos;
        const auto status = api.call(route.method, path).status;
        CHECK(status != 401);
        if (route.pattern == "/nginx-auth") continue;  // for balancers only, whoever asks
        CHECK((status == 403) == !allowed(rule, role, own && is_about_users));
      }
    }
  }
}

TEST_CASE("nobody may do anything that is not open") {
  for (const auto& route : routes()) {
    CAPTURE(name_of_route(route));
    Api api;
    api.authorization.clear();
    const auto status = api.call(route.method, path_of(route, "other@example.test")).status;
    const bool is_open = least.at(name_of_route(route)) == "open";
    if (!is_open) CHECK(status == 401);
    if (is_open) CHECK(status != 401);
  }
}

TEST_CASE("a token is not its owner: it may what its role may") {
  Api api;
  api.authorization = "Bearer viewing";
  CHECK(api.call(Method::get, "/api/v1/users/user@example.test").status == 404);  // a viewer may ask
  const auto change =
      api.call(Method::put, "/api/v1/users/user@example.test/password", R"({"password": "x"})");
  CHECK(change.status == 403);
  CHECK(api.call(Method::get, "/api/v1/users/user@example.test/app-passwords").status == 403);
  CHECK(api.grid.passwords.empty());
}

TEST_CASE("an own address is known however it is written, and another's is not") {
  Api api;
  api.grid.passwords["user@example.test"] = "secret";
  api.authorization = basic("user");
  const auto change = [&](const char* path) {
    return api.call(Method::put, path, R"({"password": "new"})").status;
  };
  CHECK(change("/api/v1/users/USER%40Example.TEST/password") == 200);
  CHECK(change("/api/v1/users/other@example.test/password") == 403);
  CHECK(change("/api/v1/users/user@example.test%00/password") == 403);
}
