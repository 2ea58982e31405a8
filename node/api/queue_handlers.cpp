#include "node/api/body.hpp"
#include "node/api/handlers.hpp"
#include "node/api/json_response.hpp"
#include "node/api/paging.hpp"

namespace gridmail::api {
namespace {

Result<QueueChoice> choice_of(const Request& request) {
  QueueChoice choice;
  for (const auto& [name, value] :
       {std::pair("destination", &choice.destination), {"sender", &choice.sender}}) {
    if (!query_has(request.query, name)) continue;
    auto given = query_value(request.query, name);
    if (!given) return fail(Errc::invalid, std::string(name) + " is not percent-encoded");
    *value = std::move(*given);
  }
  return choice;
}

/// All of a choice; without one only what loses nothing is done to everything.
Task<Response> act_on_all(GridControl& grid, Request request, QueueAction action) {
  const auto body = Body::parse(request.body, {"destination", "sender", "from_slot"});
  if (!body) co_return problem(body.error());
  QueueChoice choice;
  for (const auto& [field, value] :
       {std::pair("destination", &choice.destination), {"sender", &choice.sender}}) {
    if (!body->has(field)) continue;
    auto text = body->text(field);
    if (!text) co_return problem(text.error());
    *value = std::move(*text);
  }
  const auto from = body->number("from_slot", 0, 0, UINT32_MAX);
  if (!from) co_return problem(from.error());
  if (action != QueueAction::retry && choice.destination.empty() && choice.sender.empty())
    co_return problem(Error{Errc::invalid, "destination or sender is needed"});
  const auto acted = co_await grid.act_on_queue(action, std::move(choice), static_cast<SlotId>(*from));
  co_return respond(acted);
}

Task<Response> act_on_one(GridControl& grid, Parameters parameters, QueueAction action) {
  const auto done = co_await grid.act_on_queued(parameters.at(0), action);
  co_return respond(done);
}

}  // namespace

Task<Response> list_queue(GridControl& grid, Request request, Parameters) {
  const auto paging = Paging::of(request);
  if (!paging) co_return problem(paging.error());
  auto choice = choice_of(request);
  if (!choice) co_return problem(choice.error());
  QueueQuery query{std::move(*choice), paging->query()};
  const auto rows = co_await grid.queue(std::move(query));
  co_return paging->respond(rows, [](const auto& row) { return cursor_of(row); });
}

Task<Response> retry_queued(GridControl& grid, Request, Parameters parameters) {
  return act_on_one(grid, std::move(parameters), QueueAction::retry);
}
Task<Response> remove_queued(GridControl& grid, Request, Parameters parameters) {
  return act_on_one(grid, std::move(parameters), QueueAction::remove);
}
Task<Response> hold_queued(GridControl& grid, Request, Parameters parameters) {
  return act_on_one(grid, std::move(parameters), QueueAction::hold);
}
Task<Response> release_queued(GridControl& grid, Request, Parameters parameters) {
  return act_on_one(grid, std::move(parameters), QueueAction::release);
}

Task<Response> flush_queue(GridControl& grid, Request request, Parameters) {
  return act_on_all(grid, std::move(request), QueueAction::retry);
}
Task<Response> hold_queue(GridControl& grid, Request request, Parameters) {
  return act_on_all(grid, std::move(request), QueueAction::hold);
}
Task<Response> release_queue(GridControl& grid, Request request, Parameters) {
  return act_on_all(grid, std::move(request), QueueAction::release);
}
Task<Response> empty_queue(GridControl& grid, Request request, Parameters) {
  return act_on_all(grid, std::move(request), QueueAction::remove);
}

Task<Response> trace(GridControl& grid, Request, Parameters parameters) {
  const auto answer = co_await grid.trace(parameters.at(0));
  co_return respond(answer);
}

}  // namespace gridmail::api
