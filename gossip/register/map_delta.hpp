// MapDelta: a newer map as what changed since an older one. Each row tells in which version it changed last
// (epoch_since), so any node can make the delta from any older version, without a history. Pure.
#pragma once
#include "gossip/register/chosen_map.hpp"
#include "gossip/register/register.pb.h"

namespace gridmail {

/// What changed after version `base`. Who has `known`, a map of that version, is spared the members if they
/// are the same.
[[nodiscard]] gossip::MapDelta make_delta(const ChosenMap& chosen, MapVersion base, const Map* known);

/// The whole map, bit by bit as it was chosen. Errors: conflict (made for a newer base, or the sum does not
/// agree: ask for the whole map), corrupted, unsupported.
[[nodiscard]] Result<ChosenMap> apply_delta(const Map& base, const gossip::MapDelta& delta);

}  // namespace gridmail
