// Log-in from a browser: a cookie instead of a password in each request.
#include <algorithm>

#include "node/api/access_control.hpp"
#include "node/api/body.hpp"
#include "node/api/credentials.hpp"
#include "node/api/handlers.hpp"
#include "node/api/json_response.hpp"
#include "node/api/paging.hpp"
#include "node/api/session_cookie.hpp"

namespace gridmail::api {
namespace {

constexpr std::int64_t session_seconds = 12LL * 3600;

/// What the role may change: such as "POST /api/v1/nodes/{node}/drain". Pages disable what is not among it.
/// Of the own user's, whom the path names, more may be (Access::self_or_admin).
Json allowed_changes(const Principal& principal) {
  Json allowed = Json::array();
  for (const auto& route : routes()) {
    if (route.method == Method::get || route.access == Access::open || !may(principal, route.access, false))
      continue;
    allowed.push_back(std::string(name_of(route.method)) + " " + std::string(route.pattern));
  }
  return allowed;
}

Json description(const Principal& principal) {
  return {{"name", principal.name},
          {"role", name_of(principal.role)},
          {"account", principal.account},
          {"may", allowed_changes(principal)}};
}

/// Of the browser that asks; empty: who asks has none.
std::string own_secret(const Request& request) {
  return request.authorization.empty() ? session_secret(request) : std::string();
}

/// Whose sessions somebody may see and end: empty: everybody's.
std::string whose(const Principal& asker) {
  return asker.role >= Role::admin ? std::string() : asker.account;
}

}  // namespace

/// A browser that another site leads here would log in as somebody else: what it sends then is no JSON.
Task<Response> begin_session(GridControl& grid, Request request, Parameters) {
  if (auto refused = refuse_plain_http(request)) co_return std::move(*refused);
  if (!field(request, "Content-Type").starts_with("application/json"))
    co_return problem({Errc::invalid, "the Content-Type is application/json"});
  const auto body = Body::parse(request.body, {"user", "password"});
  if (!body) co_return problem(body.error());
  const auto user = body->text("user");
  if (!user) co_return problem(user.error());
  const auto password = body->text("password");
  if (!password) co_return problem(password.error());
  auto known = co_await grid.authenticate(*user, *password, request.peer_address);
  if (!known && known.error().code == Errc::denied) co_return unauthorized(request, "wrong user or password");
  if (!known) co_return problem(known.error());
  Json json = description(*known);
  Actor actor{std::move(*known), request.peer_address};
  const auto acting = grid.acting_as(std::move(actor));
  const auto session = co_await acting->access_of_grid().begin_session();
  if (!session) co_return problem(session.error());
  json["expires"] = rfc3339(session->expires);
  json["csrf"] = csrf_token(session->secret);
  Response response = json_response(json, 201);
  response.headers.emplace_back("Set-Cookie",
                                session_cookie(session->secret, session_seconds, request.is_secure));
  response.headers.emplace_back("Cache-Control", "no-store");
  co_return response;
}

Task<Response> show_session(GridControl&, Request request, Parameters) {
  Json json = description(request.asker);
  const auto secret = own_secret(request);
  json["csrf"] = secret.empty() ? Json(nullptr) : Json(csrf_token(secret));
  Response response = json_response(json);
  response.headers.emplace_back("Cache-Control", "no-store");
  co_return response;
}

Task<Response> end_session(GridControl& grid, Request request, Parameters) {
  auto secret = own_secret(request);
  if (secret.empty()) co_return problem({Errc::invalid, "who sends a password or a token has no session"});
  const auto ended = co_await grid.access_of_grid().end_session(std::move(secret));
  if (!ended && ended.error().code != Errc::not_found) co_return problem(ended.error());
  Response response = json_response({{"done", true}});
  response.headers.emplace_back("Set-Cookie", session_cookie({}, 0, request.is_secure));
  co_return response;
}

Task<Response> list_sessions(GridControl& grid, Request request, Parameters) {
  const auto paging = Paging::of(request);
  if (!paging) co_return problem(paging.error());
  auto& access = grid.access_of_grid();
  const auto secret = own_secret(request);
  const auto own = secret.empty() ? std::string() : access.session_id(secret);
  const auto rows = co_await access.sessions(whose(request.asker));
  co_return paging->respond_part(
      rows, [](const auto& row) { return row.id; },
      [&own](const auto& row) {
        return Json{{"id", row.id},
                    {"account", row.account},
                    {"role", name_of(row.role)},
                    {"address", row.address.empty() ? Json(nullptr) : Json(row.address)},
                    {"created", rfc3339(row.created)},
                    {"expires", rfc3339(row.expires)},
                    {"current", row.id == own}};
      });
}

/// Another's session is not there for who may not end it. A token ends none of its owner's: it may be for
/// looking only.
Task<Response> remove_session(GridControl& grid, Request request, Parameters parameters) {
  const auto& asker = request.asker;
  if (asker.role < Role::admin && asker.name != asker.account)
    co_return problem(403, "denied", "only who has logged in may end the own sessions");
  auto& access = grid.access_of_grid();
  const auto rows = co_await access.sessions(whose(asker));
  if (!rows) co_return problem(rows.error());
  const auto& id = parameters.at(0);
  const bool is_there =
      std::any_of(rows->begin(), rows->end(), [&](const SessionRow& row) { return row.id == id; });
  if (!is_there) co_return problem({Errc::not_found, "no such session"});
  const auto ended = co_await access.remove_session(id);
  co_return respond(ended);
}

}  // namespace gridmail::api
