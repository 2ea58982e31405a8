// Whether a planned change of the members can work: enough nodes, zones and space for it. Pure.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gossip/register/map.hpp"

namespace gridmail {

/// What a node has told of its disk.
struct DiskFigures {
  std::uint64_t stored_bytes = 0;  ///< by its store
  std::uint64_t free_bytes = 0;    ///< above the reserve
};
using DiskFiguresByNode = std::map<NodeId, DiskFigures>;

/// `after` is the map that the change would make. Errors: conflict, with the reason in a sentence. Nodes that
/// have told nothing of their disks are not held against it; nor are silent ones that it leaves as they are.
[[nodiscard]] Result<void> check_copies_fit(const Map& before, const Map& after,
                                            const DiskFiguresByNode& disks,
                                            const std::function<bool(NodeId)>& is_alive);

/// What a change of the map sets moving, beside what moves already.
struct SlotChanges {
  std::size_t primaries = 0;  ///< slots that get another primary because theirs may no longer be one
  std::size_t made = 0;       ///< copies that other nodes get
  double bytes = 0;           ///< of these, by the mean of all copies; 0: nothing is known
  std::size_t dropped = 0;    ///< copies that go without another in their place
};
[[nodiscard]] SlotChanges changes_between(const Map& before, const Map& after,
                                          const DiskFiguresByNode& disks);
/// As sentences; none where nothing moves.
[[nodiscard]] std::vector<std::string> text_of(const SlotChanges& changes);

/// Whether others can take over the slots whose primary `node` is, at once or when they have copies. Errors:
/// conflict.
[[nodiscard]] Result<void> check_drain(const Map& map, NodeId node,
                                       const std::function<bool(NodeId)>& is_alive);

/// Whether the grid can agree on anything while `node` is away by plan, its vote passed on where that can be.
/// Errors: conflict.
[[nodiscard]] Result<void> check_voters(const Map& map, NodeId node,
                                        const std::function<bool(NodeId)>& is_alive);

}  // namespace gridmail
