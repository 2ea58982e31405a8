#include "storage/replication/grid_clock.hpp"

namespace gridmail {
namespace {

/// What was told then, by now; this node's own clock may have jumped since.
std::chrono::microseconds ahead_of(OwnTime own, const LoadBook::Heard& heard) {
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(own.now - heard.at);
  return std::chrono::microseconds(heard.wall - own.wall) + since;
}

std::pair<std::chrono::microseconds, std::chrono::microseconds> middle_two(const NodeClocks& clocks) {
  return {clocks[(clocks.size() - 1) / 2].first, clocks[clocks.size() / 2].first};
}

}  // namespace

NodeClocks clocks_of(const Map& map, NodeId self, const std::map<NodeId, LoadBook::Heard>& heard,
                     const std::function<bool(NodeId)>& is_alive, OwnTime own) {
  NodeClocks clocks{{std::chrono::microseconds(0), self}};
  for (const auto& member : map.members) {
    const auto found = heard.find(member.id);
    if (member.id == self || found == heard.end() || !is_alive(member.id)) continue;
    clocks.emplace_back(ahead_of(own, found->second), member.id);
  }
  std::sort(clocks.begin(), clocks.end());
  return clocks;
}

std::chrono::microseconds median(const NodeClocks& clocks) {
  const auto [low, high] = middle_two(clocks);
  return (low + high) / 2;
}

std::optional<WallMicros> agreed_wall(const Map& map, NodeId self,
                                      const std::map<NodeId, LoadBook::Heard>& heard,
                                      const std::function<bool(NodeId)>& is_alive, OwnTime own) {
  const auto living = static_cast<std::size_t>(
      std::count_if(map.members.begin(), map.members.end(),
                    [&](const Member& member) { return member.id != self && is_alive(member.id); }));
  const auto clocks = clocks_of(map, self, heard, is_alive, own);
  if ((clocks.size() - 1) * 2 < living) return std::nullopt;
  const auto [low, high] = middle_two(clocks);
  if (high - low >= clock_is_off) return std::nullopt;
  return own.wall + median(clocks).count();
}

}  // namespace gridmail
