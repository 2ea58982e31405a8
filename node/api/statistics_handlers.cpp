// Who used what how much: rows by day, as JSON or CSV (RFC 4180).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "node/api/handlers.hpp"
#include "node/api/json_response.hpp"
#include "node/api/paging.hpp"
#include "protocols/text/csv_field.hpp"

namespace gridmail::api {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::uint32_t days_shown = 30;
constexpr std::array<std::string_view, 3> subjects = {"protocol", "domain", "user"};

std::string date_of(std::uint32_t day) {
  const year_month_day date{sys_days{days{day}}};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

/// full-date (RFC 3339, 5.6) from 1970 on.
std::optional<std::uint32_t> day_in(std::string_view text) {
  constexpr std::size_t length = 10;
  if (text.size() != length || text[4] != '-' || text[7] != '-') return std::nullopt;
  std::array<unsigned, 3> parts{};
  constexpr std::array<std::pair<std::size_t, std::size_t>, 3> places = {{{0, 4}, {5, 2}, {8, 2}}};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto piece = text.substr(places[i].first, places[i].second);
    const auto read = std::from_chars(piece.data(), piece.data() + piece.size(), parts[i]);
    if (read.ec != std::errc() || read.ptr != piece.data() + piece.size()) return std::nullopt;
  }
  const year_month_day date{std::chrono::year(static_cast<int>(parts[0])), std::chrono::month(parts[1]),
                            std::chrono::day(parts[2])};
  if (!date.ok() || parts[0] < 1970) return std::nullopt;
  return static_cast<std::uint32_t>(sys_days(date).time_since_epoch().count());
}

Result<std::uint32_t> day_of(const Request& request, std::string_view name, std::uint32_t otherwise) {
  if (!query_has(request.query, name)) return otherwise;
  const auto day = day_in(query_value(request.query, name).value_or(""));
  if (!day) return fail(Errc::invalid, fmt::format("{} is a date such as 2026-11-23", name));
  return *day;
}

Result<StatisticsQuery> query_of(const Request& request) {
  StatisticsQuery query;
  const auto by = query_has(request.query, "by") ? query_value(request.query, "by").value_or("") : "protocol";
  const auto known = std::find(subjects.begin(), subjects.end(), by);
  if (known == subjects.end()) return fail(Errc::invalid, "by is protocol, domain or user");
  query.by = static_cast<StatisticsQuery::By>(known - subjects.begin());
  const auto now = std::chrono::floor<days>(std::chrono::system_clock::now());
  const auto last = day_of(request, "to", static_cast<std::uint32_t>(now.time_since_epoch().count()));
  if (!last) return tl::unexpected(last.error());
  const auto first = day_of(request, "from", *last - std::min(*last, days_shown - 1));
  if (!first) return tl::unexpected(first.error());
  if (*first > *last) return fail(Errc::invalid, "from is later than to");
  for (const auto& [name, value] : {std::pair("of", &query.of), {"protocol", &query.protocol}}) {
    if (!query_has(request.query, name)) continue;
    auto given = query_value(request.query, name);
    if (!given || given->empty())
      return fail(Errc::invalid, fmt::format("{} is empty, or badly encoded", name));
    *value = std::move(*given);
  }
  if (!query.of.empty() && query.by == StatisticsQuery::By::protocol)
    return fail(Errc::invalid, "of goes with by=domain or by=user");
  query.first_day = *first;
  query.last_day = *last;
  return query;
}

Json json_of(const StatisticsRow& row, std::string_view subject) {
  Json json = {{"day", date_of(row.day)}};
  if (subject != "protocol") json[std::string(subject)] = row.subject;
  json["protocol"] = row.protocol;
  json["log_ins"] = row.log_ins;
  json["refused_log_ins"] = row.refused_log_ins;
  json["bytes_in"] = row.bytes_in;
  json["bytes_out"] = row.bytes_out;
  return json;
}

std::string csv_value(const Json& value) {
  return value.is_string() ? text::csv_field(value.get_ref<const std::string&>()) : value.dump();
}

std::string csv_of(const Json& rows, std::string_view subject) {
  std::string text;
  const auto first = json_of({}, subject);
  for (const auto& [name, value] : first.items()) text += (text.empty() ? "" : ",") + name;
  for (const auto& row : rows) {
    std::string line;
    for (const auto& [name, value] : row.items()) line += (line.empty() ? "" : ",") + csv_value(value);
    text += "\r\n" + line;
  }
  return text + "\r\n";
}

}  // namespace

Task<Response> show_statistics(GridControl& grid, Request request, Parameters) {
  const auto paging = Paging::of(request);
  if (!paging) co_return problem(paging.error());
  auto query = query_of(request);
  if (!query) co_return problem(query.error());
  query->page = paging->query();
  const auto subject = subjects[static_cast<std::size_t>(query->by)];
  auto answer = co_await grid.statistics(std::move(*query));
  if (!answer) co_return problem(answer.error());
  const Result<std::vector<StatisticsRow>> rows = std::move(answer->rows);
  auto response = paging->respond(
      rows, [](const auto& row) { return row.cursor; },
      [&](const auto& row) { return json_of(row, subject); });
  std::string silent;
  for (const auto& node : answer->silent) silent += (silent.empty() ? "" : ", ") + node.hex();
  if (!silent.empty()) response.headers.emplace_back("Silent-Nodes", silent);
  if (field(request, "Accept").find("text/csv") == std::string_view::npos) co_return response;
  response.body = csv_of(Json::parse(response.body), subject);
  response.content_type = "text/csv; charset=utf-8; header=present";
  co_return response;
}

}  // namespace gridmail::api
