#include <charconv>

#include "node/api/body.hpp"
#include "node/api/handlers.hpp"
#include "node/api/json_response.hpp"

namespace gridmail::api {
namespace {

constexpr std::uint32_t listed_max = 10'000;

Result<QueueQuery> query_of(const Request& request) {
  QueueQuery query;
  std::string limit;
  for (const auto& [name, value] : {std::pair("destination", &query.choice.destination),
                                    {"sender", &query.choice.sender},
                                    {"after", &query.after},
                                    {"limit", &limit}}) {
    if (!query_has(request.query, name)) continue;
    auto given = query_value(request.query, name);
    if (!given) return fail(Errc::invalid, std::string(name) + " is not percent-encoded");
    *value = std::move(*given);
  }
  if (!limit.empty()) {
    const auto* end = limit.data() + limit.size();
    const auto read = std::from_chars(limit.data(), end, query.limit);
    if (read.ec != std::errc() || read.ptr != end || query.limit == 0 || query.limit > listed_max)
      return fail(Errc::invalid, "limit is a number from 1 to 10000");
  }
  return query;
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
  auto query = query_of(request);
  if (!query) co_return problem(query.error());
  const auto entries = co_await grid.queue(std::move(*query));
  co_return respond(entries);
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
