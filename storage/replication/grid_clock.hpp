// The wall clocks of the nodes that live, as this node has last heard them, and what time it is by most of
// them: one wrong clock decides nothing. Pure.
#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "storage/replication/load_book.hpp"

namespace gridmail {

/// So much difference is no longer what networks and busy processors make. Dates of messages and expiries go
/// by a node's own clock; what is agreed does not.
inline constexpr std::chrono::seconds clock_is_off(5);

/// This node's clocks.
struct OwnTime {
  TimePoint now;
  WallMicros wall = 0;
};
/// What each clock is ahead of this node's, in that order.
using NodeClocks = std::vector<std::pair<std::chrono::microseconds, NodeId>>;

/// Of the members that live and have told, and of this node.
[[nodiscard]] NodeClocks clocks_of(const Map& map, NodeId self,
                                   const std::map<NodeId, LoadBook::Heard>& heard,
                                   const std::function<bool(NodeId)>& is_alive, OwnTime own);
/// The middle one; where their number is even, between the two. There is one at least.
[[nodiscard]] std::chrono::microseconds median(const NodeClocks& clocks);
/// The time by the median. Nothing where the two in the middle contradict each other, such as those of two
/// nodes, or while too few of the living members have told.
[[nodiscard]] std::optional<WallMicros> agreed_wall(const Map& map, NodeId self,
                                                    const std::map<NodeId, LoadBook::Heard>& heard,
                                                    const std::function<bool(NodeId)>& is_alive, OwnTime own);

}  // namespace gridmail
