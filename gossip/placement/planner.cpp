#include "gossip/placement/planner.hpp"

#include "gossip/placement/copy_plan.hpp"
#include "gossip/placement/movement.hpp"
#include "gossip/placement/primary_plan.hpp"
#include "gossip/placement/rendezvous.hpp"

namespace gridmail {
namespace {

bool draining_is_paused(const Map& map, const SlotRow& row) {
  const auto* member = row.primary ? map.member(*row.primary) : nullptr;
  return member != nullptr && member->paused && !member->may_be_primary();
}

/// The primary is not moved only for the sake of balance while that is paused.
bool balance_is_paused(const Map& map, const SlotRow& row, const PlanHints& hints) {
  const auto* member = row.primary ? map.member(*row.primary) : nullptr;
  return map.settings.balance_paused && member != nullptr && member->may_be_primary() &&
         !hints.away.contains(member->id);
}

/// What joins already is seen through: it is the filling that is held (may_fill).
class CopyWishes {
 public:
  CopyWishes(const Map& map, const PlanHints& hints)
      : map_(map), hints_(hints), shares_load_(!rebuilds(map)) {}

  void adjust(SlotId slot, NodeSet& target) const {
    const SlotRow& row = map_.rows[slot];
    const auto movement = movement_of(map_, row, target);
    if (!row.joining.empty()) {
      if (movement.cause != MovementCause::rebuild) return;
      target = row.in_sync;
      for (const auto& node : row.joining) target.insert(node);
    } else if (movement.cause == MovementCause::balance) {
      if (movement.held || !shares_load_ || goes_to_absent(row, target)) target = row.in_sync;
    } else if (movement.cause == MovementCause::leave) {
      if (movement.held) {
        target = row.in_sync;
      } else if (goes_to_absent(row, target)) {
        instead_of_absent(slot, *movement.node, target);
      }
    }
  }

 private:
  /// Or has no room.
  [[nodiscard]] bool is_absent(NodeId node) const {
    return hints_.away.contains(node) || hints_.full.contains(node);
  }
  [[nodiscard]] bool goes_to_absent(const SlotRow& row, const NodeSet& target) const {
    return std::any_of(target.begin(), target.end(),
                       [&](NodeId node) { return !row.holds(node) && is_absent(node); });
  }
  /// Whoever leaves does not wait for one that may never come back. It stays where there is nobody else.
  void instead_of_absent(SlotId slot, NodeId leaving, NodeSet& target) const {
    const SlotRow& row = map_.rows[slot];
    NodeSet present;
    for (const auto& node : target) {
      if (row.holds(node) || !is_absent(node)) present.insert(node);
    }
    NodeSet exclude = present;
    exclude.insert(leaving);
    const auto other = replacement(map_, slot, exclude, [this](NodeId node) { return !is_absent(node); });
    if (other) present.insert(*other);
    for (const auto& node : row.in_sync) {
      if (present.size() < target.size()) present.insert(node);
    }
    target = present;
  }

  const Map& map_;
  const PlanHints& hints_;
  const bool shares_load_;
};

}  // namespace

PlacementPlan plan_placement(const Map& map, const PlanHints& hints) {
  PlacementPlan plan;
  plan.copies = plan_copies(map, hints.gone);
  const CopyWishes wishes(map, hints);
  for (SlotId slot = 0; slot < map.rows.size(); ++slot) wishes.adjust(slot, plan.copies[slot]);
  if (!hints.away.empty()) {
    NodeSet absent = hints.gone;
    for (const auto& node : hints.away) absent.insert(node);
    plan.stand_ins = plan_stand_ins(map, absent);
  }
  plan.primaries = plan_primaries(map, plan.copies, hints);
  for (std::size_t i = 0; i < map.rows.size(); ++i) {
    const SlotRow& row = map.rows[i];
    if (draining_is_paused(map, row) || balance_is_paused(map, row, hints)) plan.primaries[i] = *row.primary;
  }
  return plan;
}

std::vector<NodeSet> plan_copies(const Map& map, const NodeSet& gone) {
  return CopyPlan(map, gone).solve();
}

std::vector<NodeSet> plan_stand_ins(const Map& map, const NodeSet& gone) {
  return CopyPlan(map, gone).stand_in();
}

std::vector<NodeId> plan_primaries(const Map& map, const std::vector<NodeSet>& targets,
                                   const PlanHints& hints) {
  GRIDMAIL_ASSERT(targets.size() == map.rows.size());
  GRIDMAIL_ASSERT(hints.loads.empty() || hints.loads.size() == map.rows.size());
  return PrimaryPlan(map, targets, hints).solve();
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
    if (!member.stores() || row.holds(member.id) || exclude.contains(member.id)) continue;
    if (!is_alive(member.id)) continue;
    const int fitness = (zone_in_use(member.zone) ? 0 : 2) + (member.may_be_primary() ? 1 : 0);
    const std::pair rank{fitness, rendezvous_score(slot, member.id, member.weight)};
    if (best != nullptr && rank <= best_rank) continue;
    best = &member;
    best_rank = rank;
  }
  return best == nullptr ? std::nullopt : std::optional(best->id);
}

}  // namespace gridmail
