#include "node/api/body.hpp"
#include "node/api/handlers.hpp"
#include "node/api/json_response.hpp"

namespace gridmail::api {

Task<Response> list_queue(GridControl& grid, Request, Parameters) {
  const auto entries = co_await grid.queue();
  co_return respond(entries);
}

Task<Response> retry_queued(GridControl& grid, Request, Parameters parameters) {
  const auto done = co_await grid.retry_queued(parameters.at(0));
  co_return respond(done);
}

Task<Response> remove_queued(GridControl& grid, Request, Parameters parameters) {
  const auto done = co_await grid.remove_queued(parameters.at(0));
  co_return respond(done);
}

Task<Response> hold_queued(GridControl& grid, Request, Parameters parameters) {
  const auto done = co_await grid.hold_queued(parameters.at(0), true);
  co_return respond(done);
}

Task<Response> release_queued(GridControl& grid, Request, Parameters parameters) {
  const auto done = co_await grid.hold_queued(parameters.at(0), false);
  co_return respond(done);
}

Task<Response> flush_queue(GridControl& grid, Request request, Parameters) {
  const auto body = Body::parse(request.body, {"destination", "sender"});
  if (!body) co_return problem(body.error());
  QueueChoice choice;
  for (const auto& [field, value] :
       {std::pair("destination", &choice.destination), {"sender", &choice.sender}}) {
    if (!body->has(field)) continue;
    auto text = body->text(field);
    if (!text) co_return problem(text.error());
    *value = std::move(*text);
  }
  const auto tried = co_await grid.flush_queue(std::move(choice));
  if (!tried) co_return problem(tried.error());
  const Json answer = {{"tried", *tried}};
  co_return json_response(answer);
}

Task<Response> trace(GridControl& grid, Request, Parameters parameters) {
  const auto answer = co_await grid.trace(parameters.at(0));
  co_return respond(answer);
}

}  // namespace gridmail::api
