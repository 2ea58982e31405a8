// Whether a planned change of the members can work: enough nodes, zones and space for it. Pure.
#pragma once
#include <functional>
#include <map>

#include "gossip/register/map.hpp"

namespace gridmail {

/// What a node has told of its disk.
struct DiskFigures {
  std::uint64_t stored_bytes = 0;  ///< by its store
  std::uint64_t free_bytes = 0;    ///< above the reserve
};
using DiskFiguresByNode = std::map<NodeId, DiskFigures>;

/// `after` is the map that the change would make. Errors: conflict, with the reason in a sentence. Nodes that
/// have told nothing of their disks are not held against it.
[[nodiscard]] Result<void> check_copies_fit(const Map& before, const Map& after,
                                            const DiskFiguresByNode& disks);

/// Whether others can take over the slots whose primary `node` is, at once or when they have copies. Errors:
/// conflict.
[[nodiscard]] Result<void> check_drain(const Map& map, NodeId node,
                                       const std::function<bool(NodeId)>& is_alive);

}  // namespace gridmail
