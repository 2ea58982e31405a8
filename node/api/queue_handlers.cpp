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

}  // namespace gridmail::api
