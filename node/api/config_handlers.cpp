// The grid's configuration as a whole: what users have set, and which files were applied.
#include <algorithm>
#include <charconv>

#include "node/api/body.hpp"
#include "node/api/config_control.hpp"
#include "node/api/handlers.hpp"
#include "node/api/json_response.hpp"
#include "node/api/paging.hpp"

namespace gridmail::api {
namespace {

constexpr std::size_t diff_bytes_max = 64 << 10;

/// Lines, the last one ended, too, each of which says what was added, removed or changed.
bool is_difference(std::string_view diff) {
  while (!diff.empty()) {
    const auto end = diff.find('\n');
    const auto line = diff.substr(0, end);
    const bool is_change = line.starts_with("+ ") || line.starts_with("- ") || line.starts_with("~ ");
    const bool is_text = std::all_of(
        line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7f'; });
    if (end == std::string_view::npos || line.size() < 3 || !is_change || !is_text) return false;
    diff.remove_prefix(end + 1);
  }
  return true;
}

Json json_of(const UserSettings& settings) {
  return {{"address", settings.address},
          {"forward_to", settings.forward_to},
          {"forward_only", settings.forward_only},
          {"delegates", settings.delegates}};
}

Json json_of(const ConfigVersion& version) {
  return {{"id", version.number},
          {"at", rfc3339(version.at)},
          {"who", version.who.empty() ? Json(nullptr) : Json(version.who)},
          {"changes", std::count(version.diff.begin(), version.diff.end(), '\n')}};
}

}  // namespace

Task<Response> list_user_settings(GridControl& grid, Request request, Parameters) {
  const auto paging = Paging::of_addresses(request);
  if (!paging) co_return problem(paging.error());
  const auto rows = co_await grid.config_of_grid().user_settings(paging->query());
  co_return paging->respond(
      rows, [](const auto& row) { return row.address; }, [](const auto& row) { return json_of(row); });
}

Task<Response> list_config_versions(GridControl& grid, Request request, Parameters) {
  const auto paging = Paging::of(request);
  if (!paging) co_return problem(paging.error());
  const auto rows = co_await grid.config_of_grid().config_versions();
  // As long as each other, so that they are in the order of numbers.
  const auto cursor_of = [](const auto& row) {
    auto text = std::to_string(row.number);
    return std::string(20 - text.size(), '0') + text;
  };
  co_return paging->respond_part(rows, cursor_of, [](const auto& row) { return json_of(row); });
}

Task<Response> show_config_version(GridControl& grid, Request, Parameters parameters) {
  const auto& text = parameters.at(0);
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = read.ec == std::errc() && read.ptr == text.data() + text.size();
  const auto versions = co_await grid.config_of_grid().config_versions();
  if (!versions) co_return problem(versions.error());
  const auto found = std::find_if(versions->begin(), versions->end(),
                                  [&](const auto& version) { return is_number && version.number == number; });
  if (found == versions->end()) co_return problem({Errc::not_found, "no version " + text});
  auto json = json_of(*found);
  json["diff"] = found->diff;
  co_return json_response(json);
}

Task<Response> add_config_version(GridControl& grid, Request request, Parameters) {
  const auto body = Body::parse(request.body, {"diff"});
  if (!body) co_return problem(body.error());
  auto diff = body->text("diff", diff_bytes_max);
  if (!diff) co_return problem(diff.error());
  if (!is_difference(*diff))
    co_return problem({Errc::invalid, "a diff is lines that begin with \"+ \", \"- \" or \"~ \""});
  const auto applied = co_await grid.config_of_grid().add_config_version(std::move(*diff));
  co_return respond(applied, 201);
}

}  // namespace gridmail::api
