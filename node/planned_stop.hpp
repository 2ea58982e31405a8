// A stop by plan, such as a service manager's, costs nobody a failover: the node first marks itself away in
// the map (as `gridmail node maintenance` does), which has other nodes take its primaries, and its vote where
// they can; when it is back it takes the mark off again.
#pragma once
#include "node/grid_control_binding.hpp"

namespace gridmail {

/// How long a stop by plan may last without the grid minding: an upgrade, not a repair.
inline constexpr auto planned_absence = std::chrono::minutes(2);

/// Whether a mark is one that a stop left, or an admin's that is as good as over.
[[nodiscard]] bool is_planned_stop(WallMicros maintenance_until, WallMicros now);

/// Returns when this node is no slot's primary any more and has no vote that another can have, or could not
/// be helped: others away, alone in its grid. May wait for ever where nobody answers: give it a deadline.
/// Whether it has no primaries.
[[nodiscard]] Task<bool> step_aside(GridCore& core, GridControlBinding& control, Clock& clock);

}  // namespace gridmail
