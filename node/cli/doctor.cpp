#include "node/cli/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "node/cli/text_view.hpp"

namespace gridmail::cli {
namespace {

struct Check {
  std::string id;
  bool passed;
  std::string detail;
  bool warning = false;  ///< passed, and yet something wants doing
};

std::string one_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ';');
  return text;
}

Check probe(const ApiClient& api, std::string id, std::string_view path) {
  const auto reply = api.probe(path);
  if (!reply) return {std::move(id), false, reply.error().text};
  return {std::move(id), reply->status == 200, one_line(reply->body)};
}

Check nodes_are_alive(const Json& nodes) {
  std::string gone;
  for (const auto& node : nodes) {
    if (node.at("state") != "alive")
      gone += fmt::format(" {} is {};", cell_text(node.at("name")), cell_text(node.at("state")));
  }
  return {"nodes.alive", gone.empty(), gone.empty() ? fmt::format("{} nodes", nodes.size()) : gone.substr(1)};
}

Check versions_agree(const Json& nodes) {
  std::set<std::string> versions;
  for (const auto& node : nodes) {
    if (node.at("version") != "") versions.insert(cell_text(node.at("version")));
  }
  std::string all;
  for (const auto& version : versions) all += (all.empty() ? "" : ", ") + version;
  return {"nodes.same_version", versions.size() <= 1, all};
}

Check slots_have_copies(const Json& slots, std::size_t copies) {
  const auto lacking = std::count_if(slots.begin(), slots.end(), [&](const Json& row) {
    return row.at("primary").is_null() || row.at("in_sync").size() < copies;
  });
  return {"slots.copies", lacking == 0,
          lacking == 0 ? fmt::format("{} slots with {} copies in sync", slots.size(), copies)
                       : fmt::format("{} of {} slots have fewer than {} copies in sync", lacking,
                                     slots.size(), copies)};
}

Check nothing_wants_doing(const Json& notices) {
  std::string all;
  for (const auto& notice : notices) all += fmt::format("{}{}", all.empty() ? "" : "; ", cell_text(notice));
  return {"grid.notices", true, notices.empty() ? "none" : all, !notices.empty()};
}

std::vector<Check> examine(const ApiClient& api) {
  std::vector<Check> checks;
  checks.push_back(probe(api, "node.alive", "/livez"));
  if (!checks.back().passed) return checks;
  checks.push_back(probe(api, "node.ready", "/readyz?verbose"));
  const auto status = api.get("/status");
  checks.push_back({"api.credentials", status.has_value(), status ? "accepted" : status.error().text});
  if (!status) return checks;
  const auto& nodes = status->at("nodes");
  checks.push_back({"grid.verdict", status->at("verdict") == "healthy", cell_text(status->at("verdict"))});
  checks.push_back(nodes_are_alive(nodes));
  checks.push_back(versions_agree(nodes));
  checks.push_back(nothing_wants_doing(status->at("notices")));
  const auto copies = std::min<std::size_t>(status->at("copies").get<std::size_t>(), nodes.size());
  if (const auto slots = api.get("/slots")) checks.push_back(slots_have_copies(*slots, copies));
  if (const auto domains = api.get("/domains")) {
    checks.push_back({"directory.domains", !domains->empty(),
                      domains->empty() ? "no domain: add one with `gridmail domain add`"
                                       : fmt::format("{} domains", domains->size())});
  }
  return checks;
}

}  // namespace

Result<Outcome> doctor(const ApiClient& api, const Arguments&) {
  Outcome outcome;
  outcome.document = {{"passed", true}, {"checks", Json::array()}};
  for (const auto& check : examine(api)) {
    outcome.document["checks"].push_back(
        {{"id", check.id}, {"passed", check.passed}, {"warning", check.warning}, {"detail", check.detail}});
    const auto* const mark = !check.passed ? "-" : check.warning ? "!" : "+";
    outcome.text += fmt::format("[{}] {}: {}\n", mark, check.id, cell_text(check.detail));
    if (check.passed) continue;
    outcome.document["passed"] = false;
    outcome.exit_code = 1;
  }
  return outcome;
}

}  // namespace gridmail::cli
