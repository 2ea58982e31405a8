#include "node/services/clients/server_choice.hpp"

#include <algorithm>

namespace gridmail {
namespace {

enum class Fitness : std::uint8_t { primary, in_sync, other, going };

Fitness fitness_of(const Map& map, std::optional<SlotId> slot, const Member& member) {
  if (!member.may_be_primary()) return Fitness::going;
  if (!slot) return Fitness::other;
  const auto& row = map.rows[*slot];
  if (row.primary == member.id) return Fitness::primary;
  return row.in_sync.contains(member.id) ? Fitness::in_sync : Fitness::other;
}

}  // namespace

std::vector<NodeId> nodes_for_client(const Map& map, std::optional<SlotId> slot,
                                     const std::function<bool(NodeId)>& is_alive, Random& random) {
  struct Ranked {
    Fitness fitness;
    std::uint64_t draw;
    NodeId node;
  };
  std::vector<Ranked> ranked;
  for (const auto& member : map.members) {
    if (is_alive(member.id)) ranked.push_back({fitness_of(map, slot, member), random.u64(), member.id});
  }
  std::sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
    return std::tie(a.fitness, a.draw) < std::tie(b.fitness, b.draw);
  });
  std::vector<NodeId> nodes;
  nodes.reserve(ranked.size());
  for (const auto& each : ranked) nodes.push_back(each.node);
  return nodes;
}

}  // namespace gridmail
