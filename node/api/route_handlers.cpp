#include "node/api/body.hpp"
#include "node/api/conditional.hpp"
#include "node/api/handlers.hpp"
#include "node/api/json_response.hpp"
#include "node/api/paging.hpp"

namespace gridmail::api {

Task<Response> list_routes(GridControl& grid, Request request, Parameters) {
  const auto paging = Paging::of(request);
  if (!paging) co_return problem(paging.error());
  const auto rows = co_await grid.routes();
  co_return paging->respond_part(rows, [](const auto& route) { return route.domain; });
}

Task<Response> show_route(GridControl& grid, Request request, Parameters parameters) {
  Resource resource{Resource::Kind::route, parameters.at(0)};
  const auto version = co_await grid.version_of(std::move(resource));
  const auto route = co_await grid.route(parameters.at(0));
  co_return tagged(request, version, respond(route));
}

Task<Response> set_route(GridControl& grid, Request request, Parameters parameters) {
  const auto body = Body::parse(request.body, {"via", "tls"});
  if (!body) co_return problem(body.error());
  const auto via = body->text("via");
  if (!via) co_return problem(via.error());
  RouteRow route{parameters.at(0), *via, false};
  if (body->has("tls")) {
    const auto tls = body->text("tls");
    if (!tls) co_return problem(tls.error());
    route.tls_required = *tls == "required";
    if (!route.tls_required && *tls != "opportunistic")
      co_return problem(Error{Errc::invalid, "\"tls\" is \"opportunistic\" or \"required\""});
  }
  const auto applied = co_await grid.set_route(std::move(route));
  co_return changed("domain", parameters.at(0), applied);
}

Task<Response> remove_route(GridControl& grid, Request, Parameters parameters) {
  const auto applied = co_await grid.remove_route(parameters.at(0));
  co_return changed("domain", parameters.at(0), applied);
}

}  // namespace gridmail::api
