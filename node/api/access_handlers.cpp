// Who may do what, and who did what.
#include "node/api/access_control.hpp"
#include "node/api/body.hpp"
#include "node/api/credentials.hpp"
#include "node/api/handlers.hpp"
#include "node/api/json_response.hpp"
#include "node/api/paging.hpp"

namespace gridmail::api {
namespace {

constexpr std::uint32_t audit_rows = 100;
constexpr std::int64_t token_lasts_max = 10LL * 366 * 24 * 3600;
constexpr std::size_t protocols_max = 16;

Json to_json(const AuditRow& row) {
  const auto text_or_null = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
  return {{"id", row.number},
          {"at", rfc3339(row.at)},
          {"who", text_or_null(row.who)},
          {"address", text_or_null(row.address)},
          {"node", row.node ? Json(row.node->hex()) : Json(nullptr)},
          {"verb", row.verb},
          {"object", row.object},
          {"before", row.before},
          {"after", row.after}};
}

Json to_json(const JoinTokenRow& token) {
  return {{"id", token.id}, {"created", rfc3339(token.created)}, {"expires", rfc3339(token.expires)}};
}

Json to_json(const TokenRow& token) {
  return {{"name", token.name},
          {"role", name_of(token.role)},
          {"owner", token.owner},
          {"created", rfc3339(token.created)},
          {"expires", date_or_null(token.expires)}};
}

Json to_json(const AppPasswordRow& row) {
  return {{"name", row.name}, {"protocols", row.protocols}, {"created", rfc3339(row.created)}};
}

template <class Row>
Response rows_response(const Result<std::vector<Row>>& rows) {
  if (!rows) return problem(rows.error());
  Json array = Json::array();
  for (const auto& row : *rows) array.push_back(to_json(row));
  return json_response(array);
}

Result<Role> role_in(const Body& body) {
  const auto name = body.text("role");
  if (!name) return tl::unexpected(name.error());
  const auto role = role_named(*name);
  if (!role) return fail(Errc::invalid, "a role is user, viewer, operator or admin, not " + *name);
  return *role;
}

}  // namespace

Task<Response> list_audit(GridControl& grid, Request request, Parameters) {
  const auto paging = Paging::of(request, audit_rows);
  if (!paging) co_return problem(paging.error());
  const auto after = paging->number_after(UINT64_MAX);
  if (!after) co_return problem(after.error());
  const auto rows = co_await grid.access_of_grid().audit(*after, paging->query().limit);
  co_return paging->respond(
      rows, [](const auto& row) { return std::to_string(row.number); },
      [](const auto& row) { return to_json(row); });
}

Task<Response> set_role(GridControl& grid, Request request, Parameters parameters) {
  const auto body = Body::parse(request.body, {"role", "current"});
  if (!body) co_return problem(body.error());
  const auto role = role_in(*body);
  if (!role) co_return problem(role.error());
  if (auto refused = co_await refuse_unconfirmed(grid, request, *body)) co_return std::move(*refused);
  const auto applied = co_await grid.access_of_grid().set_role(parameters.at(0), *role);
  co_return changed("address", parameters.at(0), applied);
}

Task<Response> list_tokens(GridControl& grid, Request, Parameters) {
  const auto tokens = co_await grid.access_of_grid().tokens();
  co_return rows_response(tokens);
}

Task<Response> add_token(GridControl& grid, Request request, Parameters) {
  const auto body = Body::parse(request.body, {"name", "role", "expires_seconds", "current"});
  if (!body) co_return problem(body.error());
  auto name = body->text("name");
  if (!name) co_return problem(name.error());
  const auto role = role_in(*body);
  if (!role) co_return problem(role.error());
  const auto expires = body->number("expires_seconds", 0, 0, token_lasts_max);
  if (!expires) co_return problem(expires.error());
  if (body->has("expires_seconds") && *expires == 0)
    co_return problem({Errc::invalid, "expires_seconds is at least 1; without it the token does not expire"});
  if (auto refused = co_await refuse_unconfirmed(grid, request, *body)) co_return std::move(*refused);
  const auto added =
      co_await grid.access_of_grid().add_token(std::move(*name), *role, std::chrono::seconds(*expires));
  if (!added) co_return problem(added.error());
  Json json = to_json(added->token);
  json["token"] = added->secret;
  json.update(to_json(added->applied));
  co_return json_response(json, 201);
}

Task<Response> remove_token(GridControl& grid, Request, Parameters parameters) {
  const auto applied = co_await grid.access_of_grid().remove_token(parameters.at(0));
  co_return changed("name", parameters.at(0), applied);
}

Task<Response> list_join_tokens(GridControl& grid, Request request, Parameters) {
  const auto paging = Paging::of(request);
  if (!paging) co_return problem(paging.error());
  const auto rows = co_await grid.access_of_grid().join_tokens();
  co_return paging->respond_part(
      rows, [](const auto& row) { return row.id; }, [](const auto& row) { return to_json(row); });
}

Task<Response> remove_join_token(GridControl& grid, Request, Parameters parameters) {
  const auto applied = co_await grid.access_of_grid().remove_join_token(parameters.at(0));
  co_return respond(applied);
}

Task<Response> list_app_passwords(GridControl& grid, Request, Parameters parameters) {
  const auto rows = co_await grid.access_of_grid().app_passwords(parameters.at(0));
  co_return rows_response(rows);
}

Task<Response> add_app_password(GridControl& grid, Request request, Parameters parameters) {
  const auto body = Body::parse(request.body, {"name", "protocols", "current"});
  if (!body) co_return problem(body.error());
  const auto name = body->text("name");
  if (!name) co_return problem(name.error());
  auto protocols = body->texts("protocols", protocols_max);
  if (!protocols) co_return problem(protocols.error());
  if (protocols->empty())
    co_return problem({Errc::invalid, "protocols names at least one of imap, pop3 and smtp"});
  if (auto refused = co_await refuse_unconfirmed(grid, request, *body)) co_return std::move(*refused);
  const auto added =
      co_await grid.access_of_grid().add_app_password(parameters.at(0), *name, std::move(*protocols));
  if (!added) co_return problem(added.error());
  Json json = {{"address", parameters.at(0)}, {"name", *name}, {"password", added->password}};
  json.update(to_json(added->applied));
  co_return json_response(json, 201);
}

Task<Response> remove_app_password(GridControl& grid, Request, Parameters parameters) {
  const auto applied = co_await grid.access_of_grid().remove_app_password(parameters.at(0), parameters.at(1));
  co_return changed("name", parameters.at(1), applied);
}

}  // namespace gridmail::api
