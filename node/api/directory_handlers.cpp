#include <algorithm>

#include "node/api/body.hpp"
#include "node/api/conditional.hpp"
#include "node/api/credentials.hpp"
#include "node/api/domain_control.hpp"
#include "node/api/handlers.hpp"
#include "node/api/json_response.hpp"
#include "node/api/paging.hpp"

namespace gridmail::api {
namespace {

constexpr std::size_t users_at_once_max = 500;

Result<NewUser> read_new_user(const Body& body) {
  NewUser user;
  auto address = body.text("address");
  if (!address) return tl::unexpected(address.error());
  user.address = std::move(*address);
  const bool hashed = body.has("password_hash");
  if (hashed == body.has("password")) {
    return fail(Errc::invalid, "a user needs either \"password\" or \"password_hash\"");
  }
  auto secret = body.text(hashed ? "password_hash" : "password");
  if (!secret) return tl::unexpected(secret.error());
  (hashed ? user.password_hash : user.password) = std::move(*secret);
  return user;
}

Json added_json(const std::string& address, const AddedUser& added) {
  Json json = {{"id", added.id.hex()}, {"address", address}};
  json.update(to_json(added.applied));
  return json;
}

/// Of the nodes that have copies. A user is shown these, and no others.
Json names_of(const SlotPlacement& placement, const GridStatus& status) {
  Json names = Json::object();
  for (const auto* set : {&placement.in_sync, &placement.joining, &placement.retired}) {
    for (const auto& node : status.nodes) {
      if (std::find(set->begin(), set->end(), node.id) != set->end()) names[node.id.hex()] = node.name;
    }
  }
  return names;
}

}  // namespace

Task<Response> list_users(GridControl& grid, Request request, Parameters) {
  const auto paging = Paging::of_addresses(request);
  if (!paging) co_return problem(paging.error());
  const auto rows = co_await grid.users(paging->query());
  co_return paging->respond(rows, [](const auto& user) { return user.address; });
}

Task<Response> add_user(GridControl& grid, Request request, Parameters) {
  const auto body = Body::parse(request.body, {"address", "password", "password_hash"});
  if (!body) co_return problem(body.error());
  const auto user = read_new_user(*body);
  if (!user) co_return problem(user.error());
  const auto added = co_await grid.add_user(*user);
  if (!added) co_return problem(added.error());
  co_return json_response(added_json(user->address, *added), 201);
}

/// Read whole before the first is added: a malformed body adds nobody.
Task<Response> add_users(GridControl& grid, Request request, Parameters) {
  const auto body = Body::parse(request.body, {"users"});
  if (!body) co_return problem(body.error());
  const auto items = body->objects("users", {"address", "password", "password_hash"}, users_at_once_max);
  if (!items) co_return problem(items.error());
  std::vector<NewUser> users;
  for (const auto& item : *items) {
    auto user = read_new_user(item);
    if (!user) co_return problem(user.error());
    users.push_back(std::move(*user));
  }
  const auto outcomes = co_await grid.add_users(users);
  Json rows = Json::array();
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const auto& outcome = outcomes[i];
    if (outcome) {
      rows.push_back(added_json(users[i].address, *outcome));
      continue;
    }
    const Json error = {{"code", name_of(outcome.error().code)}, {"detail", outcome.error().text}};
    rows.push_back({{"address", users[i].address}, {"error", error}});
  }
  co_return json_response(rows);
}

Task<Response> show_user(GridControl& grid, Request request, Parameters parameters) {
  Resource resource{Resource::Kind::user, parameters.at(0)};
  const auto version = co_await grid.version_of(std::move(resource));
  const auto user = co_await grid.user(parameters.at(0));
  co_return tagged(request, version, respond(user));
}

Task<Response> set_password(GridControl& grid, Request request, Parameters parameters) {
  const auto body = Body::parse(request.body, {"password", "current"});
  if (!body) co_return problem(body.error());
  const auto password = body->text("password");
  if (!password) co_return problem(password.error());
  if (auto refused = co_await refuse_unconfirmed(grid, request, *body)) co_return std::move(*refused);
  const auto applied = co_await grid.set_password(parameters.at(0), *password);
  co_return changed("address", parameters.at(0), applied);
}

Task<Response> remove_user(GridControl& grid, Request, Parameters parameters) {
  const auto applied = co_await grid.remove_user(parameters.at(0));
  co_return changed("address", parameters.at(0), applied);
}

Task<Response> locate_user(GridControl& grid, Request, Parameters parameters) {
  const auto placement = co_await grid.locate_user(parameters.at(0));
  if (!placement) co_return problem(placement.error());
  const auto status = co_await grid.status();
  if (!status) co_return problem(status.error());
  auto json = to_json(*placement);
  json["names"] = names_of(*placement, *status);
  co_return json_response(json);
}

Task<Response> list_domains(GridControl& grid, Request request, Parameters) {
  const auto paging = Paging::of(request);
  if (!paging) co_return problem(paging.error());
  const auto rows = co_await grid.domains(paging->query());
  co_return paging->respond(rows, [](const auto& domain) { return domain.name; });
}

Task<Response> add_domain(GridControl& grid, Request request, Parameters) {
  const auto body = Body::parse(request.body, {"name", "alias_of"});
  if (!body) co_return problem(body.error());
  const auto name = body->text("name");
  if (!name) co_return problem(name.error());
  Result<Applied> applied;
  if (body->has("alias_of")) {
    auto other = body->text("alias_of");
    if (!other) co_return problem(other.error());
    applied = co_await grid.domains_of_grid().add_domain_alias(*name, std::move(*other));
  } else {
    applied = co_await grid.add_domain(*name);
  }
  co_return changed("name", *name, applied, 201);
}

Task<Response> show_domain(GridControl& grid, Request request, Parameters parameters) {
  Resource resource{Resource::Kind::domain, parameters.at(0)};
  const auto version = co_await grid.version_of(std::move(resource));
  const auto domain = co_await grid.domain(parameters.at(0));
  co_return tagged(request, version, respond(domain));
}

Task<Response> remove_domain(GridControl& grid, Request, Parameters parameters) {
  const auto applied = co_await grid.remove_domain(parameters.at(0));
  co_return changed("name", parameters.at(0), applied);
}

Task<Response> list_aliases(GridControl& grid, Request request, Parameters) {
  const auto paging = Paging::of_addresses(request);
  if (!paging) co_return problem(paging.error());
  const auto rows = co_await grid.aliases(paging->query());
  co_return paging->respond(rows, [](const auto& alias) { return alias.address; });
}

Task<Response> add_alias(GridControl& grid, Request request, Parameters) {
  const auto body = Body::parse(request.body, {"address", "target"});
  if (!body) co_return problem(body.error());
  const auto address = body->text("address");
  if (!address) co_return problem(address.error());
  const auto target = body->text("target");
  if (!target) co_return problem(target.error());
  const auto applied = co_await grid.add_alias(*address, *target);
  co_return changed("address", *address, applied, 201);
}

Task<Response> set_alias(GridControl& grid, Request request, Parameters parameters) {
  const auto body = Body::parse(request.body, {"target"});
  if (!body) co_return problem(body.error());
  const auto target = body->text("target");
  if (!target) co_return problem(target.error());
  const auto applied = co_await grid.set_alias(parameters.at(0), *target);
  co_return changed("address", parameters.at(0), applied);
}

Task<Response> show_alias(GridControl& grid, Request request, Parameters parameters) {
  Resource resource{Resource::Kind::alias, parameters.at(0)};
  const auto version = co_await grid.version_of(std::move(resource));
  const auto alias = co_await grid.alias(parameters.at(0));
  co_return tagged(request, version, respond(alias));
}

Task<Response> remove_alias(GridControl& grid, Request, Parameters parameters) {
  const auto applied = co_await grid.remove_alias(parameters.at(0));
  co_return changed("address", parameters.at(0), applied);
}

}  // namespace gridmail::api
