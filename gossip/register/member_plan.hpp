// What the members' records need next by themselves. Pure; the lowest live voter carries it out.
#pragma once
#include <optional>

#include "gossip/register/map.hpp"

namespace gridmail {

/// Members that have left and hold nothing any more are removed, as long as enough are left to hold all
/// copies; a maintenance that is over ends. Nothing when all is as it should be: a plan that was carried out
/// is not made again. `wall`: as one node knows it, by most clocks; nothing: it does not, and no maintenance
/// ends.
[[nodiscard]] std::optional<MapChange> plan_members(const Map& map, std::optional<WallMicros> wall);

}  // namespace gridmail
