#include "node/api/handlers.hpp"
#include "node/api/json_response.hpp"
#include "node/api/overview_control.hpp"

namespace gridmail::api {
namespace {

Json to_json(const QueueSummary& summary) {
  Json destinations = Json::array();
  for (const auto& one : summary.destinations) {
    destinations.push_back({{"destination", one.name},
                            {"entries", one.entries},
                            {"oldest", date_or_null(one.oldest)},
                            {"attempts", one.attempts},
                            {"last_error", one.last_error}});
  }
  return {{"entries", summary.entries},
          {"held", summary.held},
          {"oldest", date_or_null(summary.oldest)},
          {"slots", summary.slots},
          {"slots_counted", summary.slots_counted},
          {"destinations", std::move(destinations)},
          {"silent", ids(summary.silent)}};
}

Json to_json(const ChronicleAnswer& answer) {
  Json rows = Json::array();
  for (const auto& row : answer.rows) {
    rows.push_back({{"at", rfc3339(row.at)},
                    {"what", row.what},
                    {"node", row.node.hex()},
                    {"name", row.name},
                    {"slots", row.slots},
                    {"by", ids(row.by)},
                    {"seen_by", row.seen_by}});
  }
  return {{"events", std::move(rows)}, {"silent", ids(answer.silent)}};
}

template <class Answer>
Response answered(const Result<Answer>& answer) {
  return answer ? json_response(to_json(*answer)) : problem(answer.error());
}

}  // namespace

Task<Response> summarize_queue(GridControl& grid, Request, Parameters) {
  const auto summary = co_await grid.overview_of_grid().queue_summary();
  co_return answered(summary);
}

Task<Response> show_chronicle(GridControl& grid, Request, Parameters) {
  const auto answer = co_await grid.overview_of_grid().chronicle();
  co_return answered(answer);
}

}  // namespace gridmail::api
