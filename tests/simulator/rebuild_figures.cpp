#include "tests/simulator/rebuild_figures.hpp"

#include <algorithm>
#include <map>

#include "gossip/placement/planner.hpp"

namespace gridmail::sim {
namespace {

constexpr std::size_t asked_together = 16;  // rows that are planned from one map

Member member(std::size_t number) {
  Member member;
  const Bytes hash = blake2b("rebuild figures " + std::to_string(number), 16);
  std::copy(hash.begin(), hash.end(), member.id.value.begin());
  member.public_key = Bytes(32, 'k');
  member.name = "n" + std::to_string(number);
  member.addresses = {member.name + ":7000"};
  member.zone = member.name;
  member.weight = 100;
  return member;
}

void settle(Map& map) {
  const auto plan = plan_placement(map, {});
  for (std::size_t i = 0; i < map.rows.size(); ++i) {
    map.rows[i].in_sync = plan.copies[i];
    map.rows[i].primary = plan.primaries[i];
  }
}

Map grown(std::size_t members, std::uint32_t slots) {
  Map map = create_map(member(1), slots, Bytes(16, 'g'), {});
  for (std::size_t i = 2; i <= members; ++i) {
    MapChange change;
    change.members.push_back({member(i), {}});
    map = apply(map, change);
    settle(map);
  }
  return map;
}

struct Tally {
  std::map<NodeId, std::size_t> sent, received;
  std::size_t lost = 0;
};

/// As slots do: whoever is left of a row names the one that the plan has for it.
Tally rebuild(Map map, NodeId dead) {
  Tally tally;
  std::vector<NodeSet> plan;
  for (SlotRow& row : map.rows) {
    if (!row.in_sync.contains(dead)) continue;
    const auto slot = static_cast<std::size_t>(&row - map.rows.data());
    if (tally.lost++ % asked_together == 0) plan = plan_stand_ins(map, {dead});
    row.in_sync.erase(dead);
    row.retired.insert(dead);
    row.primary = *row.in_sync.begin();
    for (const auto& node : plan[slot]) {
      if (row.holds(node)) continue;
      row.joining.insert(node);
      ++tally.received[node];
      ++tally.sent[*row.primary];
    }
  }
  return tally;
}

std::size_t most(const std::map<NodeId, std::size_t>& counts) {
  std::size_t most = 0;
  for (const auto& [node, count] : counts) most = std::max(most, count);
  return most;
}

}  // namespace

RebuildShares rebuild_shares(std::size_t members, std::uint32_t slots) {
  const Map map = grown(members, slots);
  RebuildShares worst;
  for (const auto& dead : map.members) {
    auto tally = rebuild(map, dead.id);
    worst.even = std::max(worst.even, static_cast<double>(tally.lost) / static_cast<double>(members - 1));
    worst.received_max = std::max(worst.received_max, most(tally.received));
    worst.sent_max = std::max(worst.sent_max, most(tally.sent));
    for (const auto& [node, count] : tally.sent) tally.received[node] += count;
    worst.both_max = std::max(worst.both_max, most(tally.received));
  }
  return worst;
}

}  // namespace gridmail::sim
