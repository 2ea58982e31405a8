// Who should vote (design, section 5): 1 for one or two nodes, 3 from three, 5 from five, spread over zones;
// those dead for long are replaced, and where none can replace them five shrink to three that live. Those
// away by plan pass their vote on, as far as others are there: so the only voter of two nodes may be away.
// Pure.
#pragma once
#include <functional>
#include <optional>

#include "gossip/register/map.hpp"

namespace gridmail {

/// The change of voters to propose now, if any: it ends a change under way first. Only nodes that are alive
/// are added; leaving members and members dead for long are put out when there is somebody to take their
/// place. Those with old disks, who do not vote, are put out also when there is nobody.
[[nodiscard]] std::optional<VotersChange> plan_voters(const Map& map, const NodeSet& dead_for_long,
                                                      const NodeSet& old_disks,
                                                      const std::function<bool(NodeId)>& is_alive);

/// Who is to vote while `node` is away by plan, as far as those alive can tell.
[[nodiscard]] NodeSet voters_without(const Map& map, NodeId node,
                                     const std::function<bool(NodeId)>& is_alive);
/// It has a vote now that is another's then: until that change has ended nothing is agreed without it.
[[nodiscard]] bool passes_vote_on(const Map& map, NodeId node, const std::function<bool(NodeId)>& is_alive);

}  // namespace gridmail
