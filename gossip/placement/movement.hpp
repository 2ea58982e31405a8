// Why copies of a row move, and whether that is held just now. Pure: what a job is, is read off the map, so
// that it needs nobody in particular to run it.
#pragma once
#include <optional>

#include "gossip/register/map.hpp"

namespace gridmail {

enum class MovementCause : std::uint8_t {
  none,
  rebuild,  ///< a copy was lost: `node` held it, nobody where the slot never had enough
  leave,    ///< a copy goes away with the member `node` that leaves
  balance,  ///< the load is to be shared
};

struct Movement {
  MovementCause cause = MovementCause::none;
  std::optional<NodeId> node;
  bool held = false;  ///< paused by the admin, or the lost copy is away by plan
  bool operator==(const Movement&) const = default;
};

/// `target`: its planned copies.
[[nodiscard]] Movement movement_of(const Map& map, const SlotRow& row, const NodeSet& target);

/// Whether the joining copies of this row are to be filled now.
[[nodiscard]] bool may_fill(const Map& map, const SlotRow& row);

/// Some row has fewer copies in sync than it should, and one that joins and may be filled: what is only to
/// share the load waits for that.
[[nodiscard]] bool rebuilds(const Map& map);

}  // namespace gridmail
