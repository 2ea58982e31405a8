#include "gossip/register/voter_plan.hpp"

#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace gridmail {
namespace {

std::size_t wanted_voters(const Map& map) {
  const auto staying = std::count_if(map.members.begin(), map.members.end(), [](const Member& member) {
    return member.state != MemberState::leaving;
  });
  return staying >= 5 ? 5 : staying >= 3 ? 3 : 1;
}

/// Picks one by one, those last that are away by plan, whoever comes from the zone with the fewest voters so
/// far: among equals a present voter, then the lowest id. So a plan that was carried out is found again.
NodeSet choose(const Map& map, std::vector<NodeId> from, std::size_t count) {
  NodeSet chosen;
  std::map<std::string, std::size_t> voters_in_zone;
  const auto rank = [&](const NodeId& id) {
    const auto& member = *map.member(id);
    return std::tuple(member.maintenance_until != 0, voters_in_zone[member.zone], !map.voters.contains(id),
                      id);
  };
  while (chosen.size() < count && !from.empty()) {
    const auto best = std::min_element(from.begin(), from.end(),
                                       [&](const NodeId& a, const NodeId& b) { return rank(a) < rank(b); });
    ++voters_in_zone[map.member(*best)->zone];
    chosen.insert(*best);
    from.erase(best);
  }
  return chosen;
}

}  // namespace

std::optional<VotersChange> plan_voters(const Map& map, const NodeSet& dead_for_long,
                                        const NodeSet& old_disks,
                                        const std::function<bool(NodeId)>& is_alive) {
  if (!map.voters_before.empty()) return VotersChange{map.voters};
  std::vector<NodeId> able;
  for (const auto& member : map.members) {
    if (member.state == MemberState::leaving || old_disks.contains(member.id)) continue;
    if (dead_for_long.contains(member.id) && member.maintenance_until == 0) continue;
    if (map.voters.contains(member.id) || is_alive(member.id)) able.push_back(member.id);
  }
  std::size_t count = wanted_voters(map);
  if (able.size() < count) {
    // Nobody can replace those who are gone. Five shrink to three that live; three keep their majority of
    // two. Without those who do not vote a majority is no larger.
    const auto silent = std::count_if(map.voters.begin(), map.voters.end(),
                                      [&](NodeId voter) { return old_disks.contains(voter); });
    count = able.size() >= 3 ? 3 : map.voters.size() - static_cast<std::size_t>(silent);
    if (count == 0 || able.size() < count) return std::nullopt;
  }
  NodeSet chosen = choose(map, able, count);
  if (chosen == map.voters) return std::nullopt;
  return VotersChange{std::move(chosen)};
}

NodeSet voters_without(const Map& map, NodeId node, const std::function<bool(NodeId)>& is_alive) {
  Map after = map;
  for (auto& member : after.members) {
    if (member.id == node && member.maintenance_until == 0) member.maintenance_until = INT64_MAX;
  }
  const auto change = plan_voters(after, {}, {}, is_alive);
  return change ? change->voters : map.voters;
}

bool passes_vote_on(const Map& map, NodeId node, const std::function<bool(NodeId)>& is_alive) {
  const bool votes = map.voters.contains(node) || map.voters_before.contains(node);
  return votes && !voters_without(map, node, is_alive).contains(node);
}

}  // namespace gridmail
