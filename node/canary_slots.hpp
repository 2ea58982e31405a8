// Where a canary flies. Pure.
#pragma once
#include <functional>
#include <vector>

#include "gossip/register/map.hpp"

namespace gridmail {

/// Slots to try one after the other, at most `count`: no two with the same copies, none with a copy on a node
/// that is thought dead, those whose primary `self` is first. So no node is called unready because another
/// one has died. `start` is where in the map the search begins: all slots have their turn.
[[nodiscard]] std::vector<SlotId> canary_slots(const Map& map, NodeId self, SlotId start, std::size_t count,
                                               const std::function<bool(NodeId)>& is_alive);

}  // namespace gridmail
