// Where copies and primaries should be. Pure: from the same map and the same hints every node computes the
// same. A plan is a wish; only the primaries carry it out, by joining copies and role switches, through the
// register.
//
// Stable: once a plan is carried out, planning again asks for nothing.
#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "gossip/register/map.hpp"

namespace gridmail {

/// What the planners go by beside the map. Nodes may differ in it for a while: a row's primary acts by its
/// own.
struct PlanHints {
  NodeSet gone;               ///< dead for long: are given nothing
  NodeSet away;               ///< silent, or back only just: are given no primaries
  NodeSet full;               ///< disks at their reserve now or a while ago: no copy moves there
  std::vector<double> loads;  ///< of each row, in one unit for all; empty: nothing measured
  bool operator==(const PlanHints&) const = default;
};

struct PlacementPlan {
  std::vector<NodeSet> copies;  ///< of each row
  /// What plan_stand_ins() says of those away, for a row that loses a copy before they count as gone. Empty
  /// where nobody is away.
  std::vector<NodeSet> stand_ins;
  std::vector<NodeId> primaries;  ///< of each row; the nil id: no wish
};

/// Both plans below, but for rows whose movement is paused: these stay as they are.
[[nodiscard]] PlacementPlan plan_placement(const Map& map, const PlanHints& hints);

/// The copies each row should have (the last row is the directory): settings.copies of them, or as many as
/// there are members that store and are not gone; never two in one zone when there are zones enough; numbers
/// in proportion to weight as far as zones allow, each within one of its share; with the fewest moves from
/// the present in-sync and joining copies; any two nodes with about as many rows in common as any other two,
/// so that all take part alike in rebuilding what one of them held.
[[nodiscard]] std::vector<NodeSet> plan_copies(const Map& map, const NodeSet& gone = {});

/// As plan_copies(), but the copies that are left stay where they are: who should take the places of those
/// that were on nodes now gone. Spread as evenly over all others as whole copies can be.
[[nodiscard]] std::vector<NodeSet> plan_stand_ins(const Map& map, const NodeSet& gone);

/// The primary each row should have out of its target copies: loads in proportion to weight, none on
/// draining, maintained or absent members. What is nearly even is left alone (primary_plan.hpp). Where no
/// target may be primary, the present primary or the first target; the nil id where a row has no target.
[[nodiscard]] std::vector<NodeId> plan_primaries(const Map& map, const std::vector<NodeSet>& targets,
                                                 const PlanHints& hints = {});

/// Who should take the place of a lost copy of `slot` where no plan says it: the highest rendezvous score
/// among storing members that are alive, hold no copy of it and are not in `exclude`; first one in a zone
/// without other copies, and one that may be primary. `exclude` names the lost ones too: their zones do not
/// count.
[[nodiscard]] std::optional<NodeId> replacement(const Map& map, SlotId slot, const NodeSet& exclude,
                                                const std::function<bool(NodeId)>& is_alive);

}  // namespace gridmail
