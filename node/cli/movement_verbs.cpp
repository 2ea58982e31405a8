#include "node/cli/movement_verbs.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "node/cli/job_wait.hpp"
#include "node/cli/outcome.hpp"

namespace gridmail::cli {
namespace {

Result<std::int64_t> number_from(std::string_view name, std::string_view text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec == std::errc{} && parsed.ptr == end && number >= 0) return number;
  return fail(Errc::invalid, fmt::format("{} must be a number", name));
}

std::optional<std::int64_t> seconds_of_unit(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3600;
    case 'd':
      return 24 * 3600;
    default:
      return std::nullopt;
  }
}

}  // namespace

Result<std::int64_t> seconds_from(std::string_view text) {
  constexpr std::int64_t seconds_max = std::int64_t{366} * 24 * 3600;
  std::int64_t unit = 1;
  std::string_view digits = text;
  if (!text.empty()) {
    if (const auto known = seconds_of_unit(text.back())) {
      unit = *known;
      digits.remove_suffix(1);
    }
  }
  const auto number = number_from("a duration", digits);
  if (number && *number <= seconds_max / unit) return *number * unit;
  return fail(Errc::invalid, fmt::format("{} is not a duration such as 90s, 10m, 2h or 1d", text));
}

Result<Outcome> grid_settings(const ApiClient& api, const Arguments& arguments) {
  Json body = Json::object();
  constexpr std::pair<std::string_view, const char*> fields[] = {
      {"--copies", "copies"}, {"--copies-min", "copies_min"}, {"--scrub-days", "scrub_days"}};
  for (const auto& [option, field] : fields) {
    const auto given = arguments.find(option);
    if (given == arguments.end()) continue;
    const auto number = number_from(option, given->second);
    if (!number) return tl::unexpected(number.error());
    body[field] = *number;
  }
  const auto postmaster = arguments.find("--postmaster");
  if (postmaster != arguments.end()) body["postmaster"] = postmaster->second;
  const auto limits = arguments.find("--limits");
  if (limits != arguments.end()) body["limits"] = limits->second;
  return show(body.empty() ? api.get("/settings") : api.put("/settings", body));
}

Result<Outcome> node_drain(const ApiClient& api, const Arguments& arguments) {
  const auto& node = arguments.at("node");
  return begin_and_wait(
      api, arguments, [&] { return api.post(below("nodes", node, "/drain")); },
      fmt::format("{} gives its primaries away", node));
}

Result<Outcome> node_undrain(const ApiClient& api, const Arguments& arguments) {
  const auto& node = arguments.at("node");
  return acted(api.post(below("nodes", node, "/undrain")),
               fmt::format("{} stays, and may have primaries again", node));
}

Result<Outcome> node_remove(const ApiClient& api, const Arguments& arguments) {
  const auto& node = arguments.at("node");
  return begin_and_wait(
      api, arguments, [&] { return api.remove(below("nodes", node)); },
      fmt::format("{} moves its copies away and is then removed", node));
}

Result<Outcome> node_replace(const ApiClient& api, const Arguments& arguments) {
  const auto& node = arguments.at("node");
  const auto with = arguments.find("--with");
  if (with == arguments.end()) return fail(Errc::invalid, "--with says which node takes its place");
  return begin_and_wait(
      api, arguments,
      [&] {
        return api.post(below("nodes", node, "/replace"), {{"with", with->second}});
      },
      fmt::format("{} takes the place of {}, which is then removed", with->second, node));
}

Result<Outcome> node_weight(const ApiClient& api, const Arguments& arguments) {
  const auto& node = arguments.at("node");
  const auto weight = number_from("the weight", arguments.at("weight"));
  if (!weight) return tl::unexpected(weight.error());
  return begin_and_wait(
      api, arguments,
      [&] {
        return api.put(below("nodes", node, "/weight"), {{"weight", *weight}});
      },
      fmt::format("{} has weight {}", node, *weight));
}

Result<Outcome> node_zone(const ApiClient& api, const Arguments& arguments) {
  const auto &node = arguments.at("node"), &zone = arguments.at("zone");
  return begin_and_wait(
      api, arguments,
      [&] {
        return api.put(below("nodes", node, "/zone"), {{"zone", zone}});
      },
      fmt::format("{} is in zone {}", node, zone));
}

Result<Outcome> node_maintenance(const ApiClient& api, const Arguments& arguments) {
  const auto& node = arguments.at("node");
  const auto given = arguments.find("--for");
  if (given == arguments.end()) return fail(Errc::invalid, "--for says how long, such as 10m");
  const auto seconds = seconds_from(given->second);
  if (!seconds) return tl::unexpected(seconds.error());
  return begin_and_wait(
      api, arguments,
      [&] {
        return api.post(below("nodes", node, "/maintenance"), {{"seconds", *seconds}});
      },
      *seconds == 0
          ? fmt::format("the maintenance of {} is over", node)
          : fmt::format("{} gives its primaries away, and may be away for {} seconds", node, *seconds));
}

Result<Outcome> job_list(const ApiClient& api, const Arguments&) {
  return list(api, "/jobs",
              {"id", "state", "progress", "slots_done", "slots_total", "seconds_left", "begun", "ended",
               "waits_for"});
}

Result<Outcome> job_pause(const ApiClient& api, const Arguments& arguments) {
  const auto& id = arguments.at("id");
  return acted(api.post(below("jobs", id, "/pause")), fmt::format("{} is held", id));
}

Result<Outcome> job_resume(const ApiClient& api, const Arguments& arguments) {
  const auto& id = arguments.at("id");
  return acted(api.post(below("jobs", id, "/resume")), fmt::format("{} goes on", id));
}

}  // namespace gridmail::cli
