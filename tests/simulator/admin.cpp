#include "tests/simulator/admin.hpp"

#include <algorithm>

namespace gridmail::sim {
namespace {

bool is_named(const Map& map, NodeId node) {
  return map.voters.contains(node) || map.voters_before.contains(node) ||
         std::any_of(map.rows.begin(), map.rows.end(), [&](const SlotRow& row) {
           return row.holds(node) || row.retired.contains(node) || row.partial.contains(node);
         });
}

}  // namespace

bool tidy_members(World& world) {
  world.switch_off_removed();
  const auto map = world.newest_map();
  if (!map) return false;
  bool done = true;
  for (const auto& member : map->members) {
    const std::size_t node = world.number_of(member.id);
    const auto wanted = world.is_destroyed(node) ? MemberState::leaving : MemberState::active;
    MapChange change;
    if (member.state != wanted) {
      change.members.push_back({member});
      change.members.back().member.state = wanted;
    } else if (world.is_destroyed(node) && !is_named(*map, member.id)) {
      change.removals.push_back({member.id});
    }
    if (!change.members.empty() || !change.removals.empty()) world.propose(std::move(change));
    // One that joins is a member before it starts, and is given its share only then.
    done &= member.state == MemberState::active && world.is_up(node);
  }
  return done;
}

}  // namespace gridmail::sim
