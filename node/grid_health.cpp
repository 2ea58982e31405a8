// What the verdict of the grid's status is made of. Pure.
#include <fmt/format.h>

#include <algorithm>

#include "node/grid_control_binding.hpp"

namespace gridmail {
namespace {

bool has_majority(const NodeSet& voters, const std::function<bool(NodeId)>& is_alive) {
  const auto alive = static_cast<std::size_t>(std::count_if(voters.begin(), voters.end(), is_alive));
  return alive * 2 > voters.size();
}

}  // namespace

api::SlotPlacement placement_of(const Map& map, SlotId slot) {
  const auto& row = map.rows[slot];
  api::SlotPlacement placement;
  if (slot == map.directory_slot()) {
    placement.slot = api::DirectorySlot{};
  } else {
    placement.slot = slot;
  }
  placement.epoch = row.epoch;
  placement.primary = row.primary;
  placement.in_sync.assign(row.in_sync.begin(), row.in_sync.end());
  placement.joining.assign(row.joining.begin(), row.joining.end());
  placement.retired.assign(row.retired.begin(), row.retired.end());
  placement.retired.insert(placement.retired.end(), row.partial.begin(), row.partial.end());
  return placement;
}

Health health_of(const Map& map, const std::function<bool(NodeId)>& is_alive) {
  Health health;
  const auto say = [&health](api::Verdict verdict, std::string reason) {
    health.verdict = std::max(health.verdict, verdict);
    health.reasons.push_back(std::move(reason));
  };
  if (!has_majority(map.voters, is_alive)) {
    say(api::Verdict::unavailable,
        "most of the voters are silent: the map cannot change, lost copies are not replaced");
  }
  if (!map.voters_before.empty()) {
    say(api::Verdict::degraded, "the set of voters is being changed: losing a voter now may stop the map");
  }
  for (const auto& member : map.members) {
    if (is_alive(member.id)) continue;
    const bool planned = member.maintenance_until != 0;
    say(api::Verdict::degraded,
        fmt::format("node {} is {}", member.name, planned ? "away by plan: it is not rebuilt" : "silent"));
  }
  std::size_t without_primary = 0;
  std::size_t too_few = 0;
  for (const auto& row : map.rows) {
    if (!row.primary || !is_alive(*row.primary)) {
      ++without_primary;
      continue;
    }
    const auto live =
        static_cast<std::size_t>(std::count_if(row.in_sync.begin(), row.in_sync.end(), is_alive));
    too_few += live < map.settings.copies ? 1 : 0;
  }
  if (without_primary > 0) {
    say(api::Verdict::unavailable, fmt::format("{} slots have no live primary", without_primary));
  }
  if (map.storing_members() < map.settings.copies) {
    say(api::Verdict::degraded,
        fmt::format("only {} node stores mail: every message has one copy; join another node",
                    map.storing_members()));
  } else if (too_few > 0) {
    say(api::Verdict::degraded,
        fmt::format("{} slots have fewer than {} copies in sync", too_few, map.settings.copies));
  }
  return health;
}

}  // namespace gridmail
