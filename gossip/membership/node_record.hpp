// Between NodeStatus and its record.
#pragma once
#include <optional>

#include "gossip/membership/membership.pb.h"
#include "gossip/membership/node_status.hpp"

namespace gridmail {

void write_node(const NodeStatus& status, gossip::NodeRecord& record);

/// Nothing when it names no node or an unknown state. `since` and `heard` are the reader's to set.
[[nodiscard]] std::optional<NodeStatus> read_node(const gossip::NodeRecord& record);

}  // namespace gridmail
