// Which node serves a mail client best: a proxy in front that asks sends it there.
#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "gossip/register/map.hpp"
#include "node/base/random.hpp"

namespace gridmail {

/// The nodes that seem alive, best first: the primary of `slot`, then its other copies in sync, then all
/// others by chance. Nodes that are drained, in maintenance or on their way out come last: they serve who has
/// no other.
[[nodiscard]] std::vector<NodeId> nodes_for_client(const Map& map, std::optional<SlotId> slot,
                                                   const std::function<bool(NodeId)>& is_alive,
                                                   Random& random);

}  // namespace gridmail
