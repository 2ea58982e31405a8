#include "gossip/placement/movement.hpp"

namespace gridmail {
namespace {

std::optional<NodeId> leaving_holder(const Map& map, const SlotRow& row) {
  for (const auto* set : {&row.in_sync, &row.joining}) {
    for (const auto& node : *set) {
      const auto* member = map.member(node);
      if (member != nullptr && member->state == MemberState::leaving) return node;
    }
  }
  return std::nullopt;
}

bool is_paused(const Map& map, NodeId node) {
  const auto* member = map.member(node);
  return member != nullptr && member->paused;
}

/// Whoever is awaited by plan, or whose rebuilding is paused, comes first: nothing is filled in for it.
Movement rebuild_of(const Map& map, const SlotRow& row) {
  Movement movement{MovementCause::rebuild, {}, false};
  for (const auto* set : {&row.retired, &row.partial}) {
    for (const auto& node : *set) {
      const auto* member = map.member(node);
      const bool held = member != nullptr && (member->paused || member->maintenance_until != 0);
      if (movement.node && (movement.held || !held)) continue;
      movement.node = node;
      movement.held = held;
    }
  }
  return movement;
}

std::size_t wanted(const Map& map) {
  return std::min<std::size_t>(map.settings.copies, map.storing_members());
}

}  // namespace

Movement movement_of(const Map& map, const SlotRow& row, const NodeSet& target) {
  if (row.in_sync.size() < wanted(map)) return rebuild_of(map, row);
  if (const auto node = leaving_holder(map, row)) {
    return {MovementCause::leave, node, is_paused(map, *node)};
  }
  if (row.joining.empty() && row.in_sync == target) return {};
  return {MovementCause::balance, {}, map.settings.balance_paused};
}

bool may_fill(const Map& map, const SlotRow& row) {
  return !movement_of(map, row, row.in_sync).held;
}

bool rebuilds(const Map& map) {
  const std::size_t copies = wanted(map);
  return std::any_of(map.rows.begin(), map.rows.end(), [&](const SlotRow& row) {
    return row.in_sync.size() < copies && !row.joining.empty() && may_fill(map, row);
  });
}

}  // namespace gridmail
