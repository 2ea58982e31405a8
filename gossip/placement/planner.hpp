// Where copies and primaries should be. Pure: every node computes the same from the same map. A plan is a
// wish; only the primaries carry it out, by joining copies and role switches, through the register.
//
// Stable: once a plan is carried out, planning again asks for nothing.
#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "gossip/register/map.hpp"

namespace gridmail {

/// The copies each row should have (the last row is the directory): settings.copies of them, or as many as
/// there are members that store (weight over 0, not leaving); never two in one zone when there are zones
/// enough; loads in proportion to weight as far as zones allow, each within one of its share; with the fewest
/// moves from the present in-sync and joining copies.
[[nodiscard]] std::vector<NodeSet> plan_copies(const Map& map);

/// The primary each row should have out of its target copies: in proportion to weight, none on draining
/// members, with the fewest changes. Where every target is draining, the present primary or the first target;
/// the nil id where a row has no target.
[[nodiscard]] std::vector<NodeId> plan_primaries(const Map& map, const std::vector<NodeSet>& targets);

/// Who should take the place of a lost copy of `slot`: the highest rendezvous score among storing members
/// that are alive, hold no copy of it and are not in `exclude`; first one in a zone without other copies, and
/// active rather than draining. `exclude` names the lost ones too: their zones do not count.
[[nodiscard]] std::optional<NodeId> replacement(const Map& map, SlotId slot, const NodeSet& exclude,
                                                const std::function<bool(NodeId)>& is_alive);

}  // namespace gridmail
