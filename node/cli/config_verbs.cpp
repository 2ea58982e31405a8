#include "node/cli/config_verbs.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "node/cli/config_difference.hpp"
#include "node/cli/outcome.hpp"
#include "node/cli/progress.hpp"
#include "node/cli/secret.hpp"
#include "node/cli/text_view.hpp"

namespace gridmail::cli {
namespace {

constexpr std::size_t diff_bytes_max = 60'000;

/// A list by one of its fields, each row as `value` says.
template <class ValueOf>
Result<Json> by_key(const ApiClient& api, const char* target, const char* key, const ValueOf& value_of) {
  auto rows = api.get_all(target);
  if (!rows) return tl::unexpected(rows.error());
  Json section = Json::object();
  for (auto& row : *rows) section[row.at(key).template get<std::string>()] = value_of(row);
  return section;
}

Json domain_of(const Json& row) {
  Json domain = Json::object();
  for (const auto* field : {"alias_of", "catch_all"}) {
    if (row.at(field).is_string()) domain[field] = row.at(field);
  }
  return domain;
}

Json route_of(const Json& row) {
  return {{"via", row.at("via")}, {"tls", row.at("tls")}};
}

Json user_of(const Json& row) {
  return {{"forward_to", row.at("forward_to")},
          {"forward_only", row.at("forward_only")},
          {"delegates", row.at("delegates")}};
}

Result<Json> present_config(const ApiClient& api) {
  Json config = Json::object();
  auto settings = api.get("/settings");
  if (!settings) return tl::unexpected(settings.error());
  config["settings"] = std::move(*settings);
  const auto field = [](const char* name) { return [name](const Json& row) { return row.at(name); }; };
  const std::pair<const char*, Result<Json>> sections[] = {
      {"domains", by_key(api, "/domains", "name", domain_of)},
      {"aliases", by_key(api, "/aliases", "address", field("target"))},
      {"lists", by_key(api, "/lists", "address", field("members"))},
      {"routes", by_key(api, "/routes", "domain", route_of)},
      {"users", by_key(api, "/user-settings", "address", user_of)}};
  for (const auto& [name, section] : sections) {
    if (!section) return tl::unexpected(section.error());
    config[name] = *section;
  }
  return config;
}

Result<void> take(const ApiClient& api, const ConfigStep& step) {
  const auto answer = step.method == "POST"  ? api.post(step.target, step.body)
                      : step.method == "PUT" ? api.put(step.target, step.body)
                                             : api.remove(step.target);
  if (answer) return {};
  return fail(answer.error().code, fmt::format("{}: {}", step.text, answer.error().text));
}

/// Too long a difference is noted in part; the audit log has an entry of each change.
std::string for_history(const std::vector<ConfigStep>& steps) {
  auto text = text_of(steps);
  if (text.size() <= diff_bytes_max) return text;
  text.resize(text.rfind('\n', diff_bytes_max) + 1);
  return text + "~ and more\n";
}

struct Plan {
  std::vector<ConfigStep> steps;     ///< to be taken
  std::vector<ConfigStep> left_out;  ///< would remove something
};

Plan plan_of(std::vector<ConfigStep> all, bool prune) {
  Plan plan;
  for (auto& step : all) (step.removes && !prune ? plan.left_out : plan.steps).push_back(std::move(step));
  return plan;
}

Outcome outcome_of(const Plan& plan, bool done) {
  Json changes = Json::array(), left_out = Json::array();
  for (const auto& step : plan.steps) changes.push_back(step.text);
  for (const auto& step : plan.left_out) left_out.push_back(step.text);
  auto text = text_of(plan.steps);
  if (plan.steps.empty()) text = "nothing to change\n";
  if (!plan.left_out.empty())
    text += fmt::format("only in the grid; --prune removes it:\n{}", text_of(plan.left_out));
  return {{{"applied", done}, {"changes", changes}, {"not_removed", left_out}}, std::move(text), 0};
}

/// What was done until something failed is done, and in the history.
Result<Outcome> carry_out(const ApiClient& api, const Arguments& arguments, const Plan& plan) {
  auto progress = Progress::on_terminal("changes", arguments);
  std::vector<ConfigStep> done;
  Result<void> taken;
  for (const auto& step : plan.steps) {
    progress.show(done.size(), plan.steps.size());
    taken = take(api, step);
    if (!taken) break;
    done.push_back(step);
  }
  if (!done.empty()) {
    const auto noted = api.post("/config-versions", {{"diff", for_history(done)}});
    if (!noted && taken) taken = tl::unexpected(noted.error());
  }
  if (!taken) {
    return fail(taken.error().code, fmt::format("{} of {} changes were made; then: {}", done.size(),
                                                plan.steps.size(), taken.error().text));
  }
  return outcome_of(plan, true);
}

}  // namespace

Result<Outcome> config_show(const ApiClient& api, const Arguments&) {
  auto config = present_config(api);
  if (!config) return tl::unexpected(config.error());
  auto text = config_file_text(*config);
  return Outcome{std::move(*config), std::move(text), 0};
}

Result<Outcome> config_history(const ApiClient& api, const Arguments&) {
  return list(api, "/config-versions", {"id", "at", "who", "changes"});
}

Result<Outcome> config_diff(const ApiClient& api, const Arguments& arguments) {
  auto version = api.get(below("config-versions", arguments.at("id")));
  if (!version) return tl::unexpected(version.error());
  auto text = version->value("diff", "");
  return Outcome{std::move(*version), std::move(text), 0};
}

Result<Outcome> apply_config(const ApiClient& api, const Arguments& arguments) {
  const auto file = arguments.find("--file");
  if (file == arguments.end()) return fail(Errc::invalid, "-f FILE is needed; - is standard input");
  const auto text = read_file(file->second);
  if (!text) return tl::unexpected(text.error());
  const auto wanted = parse_config_file(*text, file->second);
  if (!wanted) return tl::unexpected(wanted.error());
  const auto have = present_config(api);
  if (!have) return tl::unexpected(have.error());
  auto steps = config_difference(*have, *wanted);
  if (!steps) return tl::unexpected(steps.error());
  const auto plan = plan_of(std::move(*steps), arguments.contains("--prune"));
  if (arguments.contains("--dry-run") || plan.steps.empty()) return outcome_of(plan, false);
  return carry_out(api, arguments, plan);
}

}  // namespace gridmail::cli
