// Administrators: the accounts that are no users.
#include "node/api/admin_handlers.hpp"

#include "node/api/access_control.hpp"
#include "node/api/body.hpp"
#include "node/api/credentials.hpp"
#include "node/api/json_response.hpp"

namespace gridmail::api {
namespace {

Json to_json(const AdminRow& row) {
  return {{"name", row.name}, {"created", rfc3339(row.created)}, {"password_set", rfc3339(row.password_set)}};
}

}  // namespace

Task<Response> list_admins(GridControl& grid, Request, Parameters) {
  const auto rows = co_await grid.access_of_grid().admins();
  if (!rows) co_return problem(rows.error());
  Json array = Json::array();
  for (const auto& row : *rows) array.push_back(to_json(row));
  co_return json_response(array);
}

Task<Response> add_admin(GridControl& grid, Request request, Parameters) {
  const auto body = Body::parse(request.body, {"name", "password", "current"});
  if (!body) co_return problem(body.error());
  const auto name = body->text("name");
  if (!name) co_return problem(name.error());
  const auto password = body->text("password");
  if (!password) co_return problem(password.error());
  // What has an @ is a user's address everywhere that accounts are named.
  if (name->find('@') != std::string::npos)
    co_return problem({Errc::invalid, "an administrator's name has no @; a user becomes one by the role"});
  if (auto refused = co_await refuse_unconfirmed(grid, request, *body)) co_return std::move(*refused);
  const auto applied = co_await grid.access_of_grid().add_admin(*name, *password);
  co_return changed("name", *name, applied, 201);
}

Task<Response> set_admin_password(GridControl& grid, Request request, Parameters parameters) {
  const auto body = Body::parse(request.body, {"password", "current"});
  if (!body) co_return problem(body.error());
  const auto password = body->text("password");
  if (!password) co_return problem(password.error());
  if (auto refused = co_await refuse_unconfirmed(grid, request, *body)) co_return std::move(*refused);
  const auto applied = co_await grid.access_of_grid().set_admin_password(parameters.at(0), *password);
  co_return changed("name", parameters.at(0), applied);
}

Task<Response> remove_admin(GridControl& grid, Request, Parameters parameters) {
  const auto applied = co_await grid.access_of_grid().remove_admin(parameters.at(0));
  co_return changed("name", parameters.at(0), applied);
}

}  // namespace gridmail::api
