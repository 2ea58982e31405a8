#include "gossip/register/member_plan.hpp"

namespace gridmail {
namespace {

NodeSet named_by_rows(const Map& map) {
  NodeSet named;
  for (const auto& row : map.rows) {
    for (const auto* set : {&row.in_sync, &row.joining, &row.retired, &row.partial}) {
      for (const auto& node : *set) named.insert(node);
    }
  }
  return named;
}

/// Whether there is anything to hold; a pause is of what was on the move then, and of nothing that comes
/// later.
bool sets_moving(const Map& map, const Member& member) {
  if (member.state == MemberState::leaving) return true;
  return std::any_of(map.rows.begin(), map.rows.end(), [&](const SlotRow& row) {
    return row.retired.contains(member.id) || row.partial.contains(member.id) ||
           (!member.may_be_primary() && row.primary == member.id);
  });
}

}  // namespace

std::optional<MapChange> plan_members(const Map& map, std::optional<WallMicros> wall) {
  MapChange change;
  for (const auto& member : map.members) {
    Member next = member;
    if (wall && *wall >= member.maintenance_until) next.maintenance_until = 0;
    if (member.paused) next.paused = sets_moving(map, next);
    if (next != member) change.members.push_back({std::move(next), member});
  }
  const bool any_leaves = std::any_of(map.members.begin(), map.members.end(), [](const Member& member) {
    return member.state == MemberState::leaving;
  });
  // Whoever leaves stays a member while too few would be left without it.
  if (any_leaves && map.storing_members() >= map.settings.copies) {
    const NodeSet named = named_by_rows(map);
    for (const auto& member : map.members) {
      const bool votes = map.voters.contains(member.id) || map.voters_before.contains(member.id);
      if (member.state == MemberState::leaving && !votes && !named.contains(member.id) && !member.paused) {
        change.removals.push_back({member.id});
      }
    }
  }
  if (change.members.empty() && change.removals.empty()) return std::nullopt;
  return change;
}

}  // namespace gridmail
