// Rounds in which the directory's secrets are sealed to members that have come.
#pragma once
#include <functional>
#include <vector>

#include "gossip/register/map.hpp"
#include "node/base/clock.hpp"
#include "node/base/store.hpp"

namespace gridmail {

/// Has all of `keepers` look when the members have changed, and once a minute, for ever; each says whether
/// its task is done, and is asked again after a second where it is not.
[[nodiscard]] Task<void> keep_sealed(Clock& clock, std::function<MapPtr()> map,
                                     std::vector<std::function<Task<bool>()>> keepers);

}  // namespace gridmail
