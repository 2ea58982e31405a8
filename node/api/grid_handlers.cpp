#include "node/api/body.hpp"
#include "node/api/handlers.hpp"
#include "node/api/json_response.hpp"
#include "node/api/openapi.hpp"

namespace gridmail::api {

Task<Response> grid_status(GridControl& grid, Request, Parameters) {
  const auto status = co_await grid.status();
  co_return respond(status);
}

Task<Response> list_nodes(GridControl& grid, Request, Parameters) {
  const auto status = co_await grid.status();
  if (!status) co_return problem(status.error());
  co_return json_response(to_json(status->nodes));
}

Task<Response> drain_node(GridControl& grid, Request, Parameters parameters) {
  const auto done = co_await grid.drain(parameters.at(0));
  co_return respond(done);
}

Task<Response> undrain_node(GridControl& grid, Request, Parameters parameters) {
  const auto done = co_await grid.undrain(parameters.at(0));
  co_return respond(done);
}

Task<Response> remove_node(GridControl& grid, Request, Parameters parameters) {
  const auto done = co_await grid.remove_node(parameters.at(0));
  co_return respond(done);
}

Task<Response> make_join_token(GridControl& grid, Request request, Parameters) {
  constexpr std::int64_t hour = 3600, month = 30 * 24 * hour;
  const auto body = Body::parse(request.body, {"ttl_seconds"});
  if (!body) co_return problem(body.error());
  const auto ttl = body->number("ttl_seconds", hour, 1, month);
  if (!ttl) co_return problem(ttl.error());
  const auto token = co_await grid.join_token(std::chrono::seconds(*ttl));
  co_return respond(token, 201);
}

Task<Response> list_slots(GridControl& grid, Request, Parameters) {
  const auto slots = co_await grid.slots();
  co_return respond(slots);
}

Task<Response> rotate_key(GridControl& grid, Request, Parameters) {
  const auto done = co_await grid.rotate_key();
  co_return respond(done);
}

Task<Response> openapi(GridControl&, Request, Parameters) {
  co_return json_response(openapi_document());
}

}  // namespace gridmail::api
