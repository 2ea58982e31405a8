#include "node/api/body.hpp"
#include "node/api/conditional.hpp"
#include "node/api/domain_control.hpp"
#include "node/api/handlers.hpp"
#include "node/api/json_response.hpp"
#include "node/api/paging.hpp"

namespace gridmail::api {
namespace {

constexpr std::size_t addresses_max = 2000;

Json to_json(const MemberList& list) {
  return {{"address", list.address}, {"members", list.members}};
}

}  // namespace

Task<Response> set_catch_all(GridControl& grid, Request request, Parameters parameters) {
  const auto body = Body::parse(request.body, {"address"});
  if (!body) co_return problem(body.error());
  auto address = body->text("address");
  if (!address) co_return problem(address.error());
  const auto applied = co_await grid.domains_of_grid().set_catch_all(parameters.at(0), std::move(*address));
  co_return changed("name", parameters.at(0), applied);
}

Task<Response> remove_catch_all(GridControl& grid, Request, Parameters parameters) {
  const auto applied = co_await grid.domains_of_grid().set_catch_all(parameters.at(0), "");
  co_return changed("name", parameters.at(0), applied);
}

Task<Response> list_lists(GridControl& grid, Request request, Parameters) {
  const auto paging = Paging::of_addresses(request);
  if (!paging) co_return problem(paging.error());
  const auto rows = co_await grid.domains_of_grid().lists();
  co_return paging->respond_part(
      rows, [](const auto& list) { return list.address; }, [](const auto& list) { return to_json(list); });
}

Task<Response> add_list(GridControl& grid, Request request, Parameters) {
  const auto body = Body::parse(request.body, {"address", "members"});
  if (!body) co_return problem(body.error());
  const auto address = body->text("address");
  if (!address) co_return problem(address.error());
  auto members = body->texts("members", addresses_max);
  if (!members) co_return problem(members.error());
  MemberList list{*address, std::move(*members)};
  const auto applied = co_await grid.domains_of_grid().add_list(std::move(list));
  co_return changed("address", *address, applied, 201);
}

Task<Response> show_list(GridControl& grid, Request request, Parameters parameters) {
  Resource resource{Resource::Kind::list, parameters.at(0)};
  const auto version = co_await grid.version_of(std::move(resource));
  const auto list = co_await grid.domains_of_grid().list(parameters.at(0));
  if (!list) co_return problem(list.error());
  co_return tagged(request, version, json_response(to_json(*list)));
}

Task<Response> change_list(GridControl& grid, Request request, Parameters parameters) {
  const auto body = Body::parse(request.body, {"add", "remove"});
  if (!body) co_return problem(body.error());
  auto added = body->texts("add", addresses_max);
  if (!added) co_return problem(added.error());
  auto removed = body->texts("remove", addresses_max);
  if (!removed) co_return problem(removed.error());
  const auto applied =
      co_await grid.domains_of_grid().change_list(parameters.at(0), std::move(*added), std::move(*removed));
  co_return changed("address", parameters.at(0), applied);
}

Task<Response> remove_list(GridControl& grid, Request, Parameters parameters) {
  const auto applied = co_await grid.domains_of_grid().remove_list(parameters.at(0));
  co_return changed("address", parameters.at(0), applied);
}

Task<Response> show_forwarding(GridControl& grid, Request request, Parameters parameters) {
  Resource resource{Resource::Kind::user, parameters.at(0)};
  const auto version = co_await grid.version_of(std::move(resource));
  const auto forwarding = co_await grid.domains_of_grid().forwarding(parameters.at(0));
  if (!forwarding) co_return problem(forwarding.error());
  const Json json = {{"address", parameters.at(0)}, {"to", forwarding->to}, {"only", forwarding->only}};
  co_return tagged(request, version, json_response(json));
}

Task<Response> set_forwarding(GridControl& grid, Request request, Parameters parameters) {
  const auto body = Body::parse(request.body, {"to", "only"});
  if (!body) co_return problem(body.error());
  auto to = body->texts("to", addresses_max);
  if (!to) co_return problem(to.error());
  const auto only = body->flag("only", false);
  if (!only) co_return problem(only.error());
  Forwarding forwarding{std::move(*to), *only};
  const auto applied =
      co_await grid.domains_of_grid().set_forwarding(parameters.at(0), std::move(forwarding));
  co_return changed("address", parameters.at(0), applied);
}

Task<Response> show_delegates(GridControl& grid, Request request, Parameters parameters) {
  Resource resource{Resource::Kind::user, parameters.at(0)};
  const auto version = co_await grid.version_of(std::move(resource));
  const auto delegates = co_await grid.domains_of_grid().delegates(parameters.at(0));
  if (!delegates) co_return problem(delegates.error());
  const Json json = {{"address", parameters.at(0)}, {"delegates", *delegates}};
  co_return tagged(request, version, json_response(json));
}

Task<Response> set_delegates(GridControl& grid, Request request, Parameters parameters) {
  const auto body = Body::parse(request.body, {"delegates"});
  if (!body) co_return problem(body.error());
  auto delegates = body->texts("delegates", addresses_max);
  if (!delegates) co_return problem(delegates.error());
  const auto applied = co_await grid.domains_of_grid().set_delegates(parameters.at(0), std::move(*delegates));
  co_return changed("address", parameters.at(0), applied);
}

}  // namespace gridmail::api
