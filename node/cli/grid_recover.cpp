#include "node/cli/grid_recover.hpp"

#include <fmt/format.h>

#include <chrono>
#include <iostream>

#include "node/base/log.hpp"
#include "node/recovery/offline_recovery.hpp"

namespace gridmail::cli {
namespace {

Result<NodeConfig> read_config(const Arguments& arguments) {
  NodeConfig config;
  if (const auto file = arguments.find("--config"); file != arguments.end()) {
    auto loaded = load_config(file->second);
    if (!loaded) return loaded;
    config = std::move(*loaded);
  }
  if (const auto folder = arguments.find("--data-dir"); folder != arguments.end())
    config.data_dir = folder->second;
  if (!arguments.contains("--config") && !arguments.contains("--data-dir")) {
    return fail(Errc::invalid, "name the stopped node's configuration: --config FILE, or --data-dir DIR");
  }
  if (auto complete = complete_config(config); !complete) return tl::unexpected(complete.error());
  return config;
}

std::vector<std::string> names_in(std::string_view list) {
  std::vector<std::string> names;
  while (!list.empty()) {
    const auto comma = list.find(',');
    if (comma != 0) names.emplace_back(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return names;
}

Json slot_numbers(const std::vector<SlotId>& slots, SlotId directory) {
  Json numbers = Json::array();
  for (const auto slot : slots) numbers.push_back(slot == directory ? Json("directory") : Json(slot));
  return numbers;
}

Json document_of(const OfflineRecovery& recovery, bool done) {
  const auto& plan = recovery.plan();
  const SlotId directory = recovery.last().directory_slot();
  Json survivors = Json::array();
  Json given_up = Json::array();
  for (const auto& member : plan.map.members) survivors.push_back(member.id.hex());
  for (const auto& member : plan.gone) given_up.push_back(member.id.hex());
  return {{"done", done},
          {"phrase", recovery.phrase()},
          {"survivors", std::move(survivors)},
          {"given_up", std::move(given_up)},
          {"map_version_before", recovery.last().version},
          {"map_version", plan.map.version},
          {"slots", recovery.last().slots()},
          {"slots_lost", slot_numbers(plan.lost, directory)},
          {"slots_stale", slot_numbers(plan.stale, directory)},
          {"directory_from_replica", recovery.directory_from_replica()}};
}

std::string numbers_text(const Json& slots) {
  std::string text;
  for (const auto& slot : slots)
    text += (text.empty() ? "" : ", ") + (slot.is_string() ? slot.get<std::string>() : slot.dump());
  return text;
}

std::string losses_text(const OfflineRecovery& recovery) {
  const auto document = document_of(recovery, false);
  const auto& plan = recovery.plan();
  std::string text = "These nodes are given up and locked out for ever, should they come back:\n";
  for (const auto& member : plan.gone) text += fmt::format("  {} ({})\n", member.name, member.id.hex());
  text += fmt::format("{} of {} slots have no copy left: all mail in them is LOST\n", plan.lost.size(),
                      recovery.last().slots());
  if (!plan.lost.empty()) text += fmt::format("  {}\n", numbers_text(document.at("slots_lost")));
  text += fmt::format("{} have only an older or incomplete copy left: newer mail in them is LOST\n",
                      plan.stale.size());
  if (!plan.stale.empty()) text += fmt::format("  {}\n", numbers_text(document.at("slots_stale")));
  if (recovery.directory_from_replica()) {
    text += "The directory is taken from this node's replica: its last changes may be missing\n";
  }
  return text;
}

/// From --phrase, or typed after the losses were shown.
bool phrase_is_typed(const OfflineRecovery& recovery, const Arguments& arguments) {
  if (const auto given = arguments.find("--phrase"); given != arguments.end())
    return given->second == recovery.phrase();
  std::cerr << losses_text(recovery) << "\nTo go on, type: " << recovery.phrase() << "\n> " << std::flush;
  std::string line;
  std::getline(std::cin, line);
  if (line.ends_with('\r')) line.pop_back();
  return line == recovery.phrase();
}

}  // namespace

Result<Outcome> grid_recover(const ApiClient&, const Arguments& arguments) {
  const auto config = read_config(arguments);
  if (!config) return tl::unexpected(config.error());
  const auto survivors = arguments.find("--survivors");
  auto recovery = OfflineRecovery::prepare(
      *config, survivors != arguments.end() ? names_in(survivors->second) : std::vector<std::string>());
  if (!recovery) return tl::unexpected(recovery.error());
  if (arguments.contains("--dry-run"))
    return Outcome{document_of(*recovery, false), losses_text(*recovery) + "\nNothing was changed.\n", 0};
  if (!phrase_is_typed(*recovery, arguments)) {
    return Outcome{document_of(*recovery, false),
                   losses_text(*recovery) +
                       fmt::format("\nNothing was changed. To go on, type exactly: {}\n", recovery->phrase()),
                   1};
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto done = recovery->carry_out(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
  if (!done) return tl::unexpected(done.error());
  log(Level::warn, "grid.recovered",
      {{"given_up", recovery->plan().gone.size()},
       {"slots_lost", recovery->plan().lost.size()},
       {"map_version", recovery->plan().map.version}});
  return Outcome{document_of(*recovery, true),
                 losses_text(*recovery) + "\nDone. Start gridmaild here, then let new nodes join.\n", 0};
}

}  // namespace gridmail::cli
