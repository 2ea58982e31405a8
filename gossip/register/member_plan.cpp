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

}  // namespace

std::optional<MapChange> plan_members(const Map& map, WallMicros wall) {
  MapChange change;
  for (const auto& member : map.members) {
    if (member.maintenance_until == 0 || wall < member.maintenance_until) continue;
    Member back = member;
    back.maintenance_until = 0;
    change.members.push_back({std::move(back), member});
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
