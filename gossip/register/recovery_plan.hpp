// The way out when most voters, or all copies of some slots, are gone for good (design, section 5, small
// grids): a new map made from the last one that a survivor has. Pure.
#pragma once
#include <vector>

#include "gossip/register/map.hpp"

namespace gridmail {

struct Recovery {
  Map map;                    ///< of the survivors; `here` is its only voter until the register adds others
  std::vector<Member> gone;   ///< locked out for ever, should one come back after all
  std::vector<SlotId> stale;  ///< no survivor was in sync: an older or incomplete copy is all that is left
  std::vector<SlotId> lost;   ///< no survivor has any copy: from now on `here` has an empty one
};

/// `here` is among `survivors`. Version and epochs leap ahead of whatever the others may have agreed that
/// `last` does not show. Errors: invalid (a survivor is no member, or `here` stores no mail).
[[nodiscard]] Result<Recovery> plan_recovery(const Map& last, const NodeSet& survivors, NodeId here);

}  // namespace gridmail
