// Who did what.
#include <charconv>

#include "node/api/access_control.hpp"
#include "node/api/handlers.hpp"
#include "node/api/json_response.hpp"

namespace gridmail::api {
namespace {

constexpr std::uint64_t audit_rows = 100;
constexpr std::uint64_t audit_rows_max = 10'000;

Json to_json(const AuditRow& row) {
  const auto text_or_null = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
  return {{"id", row.number},
          {"at", rfc3339(row.at)},
          {"who", text_or_null(row.who)},
          {"address", text_or_null(row.address)},
          {"node", row.node ? Json(row.node->hex()) : Json(nullptr)},
          {"verb", row.verb},
          {"object", row.object},
          {"before", row.before},
          {"after", row.after}};
}

/// `otherwise` when the query has none of that name.
Result<std::uint64_t> number_in(const Request& request, std::string_view name, std::uint64_t otherwise) {
  if (!query_has(request.query, name)) return otherwise;
  const auto text = query_value(request.query, name).value_or("");
  std::uint64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (text.empty() || read.ec != std::errc() || read.ptr != end)
    return fail(Errc::invalid, std::string(name) + " is a number");
  return number;
}

}  // namespace

Task<Response> list_audit(GridControl& grid, Request request, Parameters) {
  const auto after = number_in(request, "after", UINT64_MAX);
  if (!after) co_return problem(after.error());
  const auto limit = number_in(request, "limit", audit_rows);
  if (!limit) co_return problem(limit.error());
  if (*limit == 0 || *limit > audit_rows_max)
    co_return problem({Errc::invalid, "limit is a number from 1 to 10000"});
  const auto rows = co_await grid.access_of_grid().audit(*after, static_cast<std::uint32_t>(*limit));
  if (!rows) co_return problem(rows.error());
  Json array = Json::array();
  for (const auto& row : *rows) array.push_back(to_json(row));
  co_return json_response(array);
}

}  // namespace gridmail::api
