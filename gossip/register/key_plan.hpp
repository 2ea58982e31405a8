// Rotating the gossip keys, in steps that each must have reached every living member before the next: install
// the new key, seal with it, remove the old one. Who is dead meanwhile gets the keys with the map when it
// comes back, over TLS. Pure.
#pragma once
#include <optional>

#include "gossip/register/map.hpp"

namespace gridmail {

/// Begins a rotation; gives a map from before maps held keys its first one. Nothing while one is under way.
[[nodiscard]] std::optional<KeysChange> begin_rotation(const Map& map, Bytes new_key);

/// The step to propose now, if any. `behind`: the living members that are not known to have the map version
/// in which the present phase began.
[[nodiscard]] std::optional<KeysChange> plan_keys(const Map& map, const NodeSet& behind);

}  // namespace gridmail
