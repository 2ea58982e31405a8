#include "gossip/placement/planner.hpp"

#include "gossip/placement/copy_plan.hpp"
#include "gossip/placement/primary_plan.hpp"
#include "gossip/placement/rendezvous.hpp"

namespace gridmail {

std::vector<NodeSet> plan_copies(const Map& map) {
  return CopyPlan(map).solve();
}

std::vector<NodeId> plan_primaries(const Map& map, const std::vector<NodeSet>& targets) {
  GRIDMAIL_ASSERT(targets.size() == map.rows.size());
  return PrimaryPlan(map, targets).solve();
}

std::optional<NodeId> replacement(const Map& map, SlotId slot, const NodeSet& exclude,
                                  const std::function<bool(NodeId)>& is_alive) {
  GRIDMAIL_ASSERT(slot < map.rows.size());
  const SlotRow& row = map.rows[slot];
  const auto zone_in_use = [&](const std::string& zone) {
    return std::any_of(map.members.begin(), map.members.end(), [&](const Member& member) {
      return member.zone == zone && row.holds(member.id) && !exclude.contains(member.id);
    });
  };
  const Member* best = nullptr;
  std::pair<int, double> best_rank{0, 0};
  for (const auto& member : map.members) {
    if (member.weight == 0 || member.state == MemberState::leaving) continue;
    if (row.holds(member.id) || exclude.contains(member.id) || !is_alive(member.id)) continue;
    const int fitness = (zone_in_use(member.zone) ? 0 : 2) + (member.state == MemberState::active ? 1 : 0);
    const std::pair rank{fitness, rendezvous_score(slot, member.id, member.weight)};
    if (best != nullptr && rank <= best_rank) continue;
    best = &member;
    best_rank = rank;
  }
  return best == nullptr ? std::nullopt : std::optional(best->id);
}

}  // namespace gridmail
