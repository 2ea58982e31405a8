#include <algorithm>

#include "node/api/body.hpp"
#include "node/api/credentials.hpp"
#include "node/api/handlers.hpp"
#include "node/api/json_response.hpp"
#include "node/api/openapi.hpp"
#include "node/api/paging.hpp"

namespace gridmail::api {
namespace {

/// Nodes as places in a list: a map of 4,096 slots is 0.2 MB this way, and 1 MB with their ids.
class Places {
 public:
  explicit Places(const std::vector<NodeRow>& nodes) {
    for (const auto& node : nodes) ids_.push_back(node.id);
  }
  [[nodiscard]] std::int64_t of(NodeId id) {
    auto found = std::find(ids_.begin(), ids_.end(), id);
    if (found == ids_.end()) found = ids_.insert(ids_.end(), id);
    return found - ids_.begin();
  }
  [[nodiscard]] Json of(const std::vector<NodeId>& ids) {
    Json array = Json::array();
    for (const auto& id : ids) array.push_back(of(id));
    return array;
  }
  [[nodiscard]] Json names() const {
    Json array = Json::array();
    for (const auto& id : ids_) array.push_back(id.hex());
    return array;
  }

 private:
  std::vector<NodeId> ids_;
};

}  // namespace

Task<Response> grid_status(GridControl& grid, Request, Parameters) {
  const auto status = co_await grid.status();
  co_return respond(status);
}

Task<Response> list_nodes(GridControl& grid, Request request, Parameters) {
  const auto paging = Paging::of(request);
  if (!paging) co_return problem(paging.error());
  auto status = co_await grid.status();
  if (!status) co_return problem(status.error());
  const Result<std::vector<NodeRow>> rows = std::move(status->nodes);
  co_return paging->respond_part(rows, [](const auto& node) { return node.name; });
}

Task<Response> make_join_token(GridControl& grid, Request request, Parameters) {
  constexpr std::int64_t hour = 3600, month = 30 * 24 * hour;
  const auto body = Body::parse(request.body, {"ttl_seconds", "current"});
  if (!body) co_return problem(body.error());
  const auto ttl = body->number("ttl_seconds", hour, 1, month);
  if (!ttl) co_return problem(ttl.error());
  if (auto refused = co_await refuse_unconfirmed(grid, request, *body)) co_return std::move(*refused);
  const auto token = co_await grid.join_token(std::chrono::seconds(*ttl));
  co_return respond(token, 201);
}

/// The version is read first: whoever compares it asks once too often rather than once too seldom.
Task<Response> show_map(GridControl& grid, Request, Parameters) {
  const auto status = co_await grid.status();
  if (!status) co_return problem(status.error());
  const auto slots = co_await grid.slots();
  if (!slots) co_return problem(slots.error());
  Places places(status->nodes);
  Json rows = Json::array();
  for (const auto& slot : *slots) {
    Json row = {{"epoch", slot.epoch}, {"primary", slot.primary ? places.of(*slot.primary) : -1}};
    row["in_sync"] = places.of(slot.in_sync);
    row["joining"] = places.of(slot.joining);
    row["retired"] = places.of(slot.retired);
    rows.push_back(std::move(row));
  }
  Json document = {{"version", status->map_version}, {"nodes", places.names()}};
  document["slots"] = std::move(rows);
  co_return json_response(document);
}

Task<Response> list_slots(GridControl& grid, Request request, Parameters) {
  const auto paging = Paging::of(request, Paging::limit_max);
  if (!paging) co_return problem(paging.error());
  const auto slots = co_await grid.slots();
  co_return paging->respond_by_place(slots);
}

Task<Response> show_keys(GridControl& grid, Request, Parameters) {
  const auto status = co_await grid.keys();
  co_return respond(status);
}

Task<Response> rotate_key(GridControl& grid, Request, Parameters) {
  const auto status = co_await grid.rotate_key();
  co_return respond(status);
}

Task<Response> openapi(GridControl&, Request, Parameters) {
  co_return json_response(openapi_document());
}

}  // namespace gridmail::api
