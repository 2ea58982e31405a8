// Which node sends what goes to one next hop: one of those that send, the same on every node that sees the
// same ones alive.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "node/base/ids.hpp"

namespace gridmail {

/// By rendezvous hashing, so that a node that comes or goes moves only its own share of hops. Nothing when
/// there are none.
[[nodiscard]] std::optional<NodeId> choose_egress(std::string_view hop, const std::vector<NodeId>& nodes);

}  // namespace gridmail
