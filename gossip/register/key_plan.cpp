#include "gossip/register/key_plan.hpp"

#include <utility>

namespace gridmail {

std::optional<KeysChange> begin_rotation(const Map& map, Bytes new_key) {
  if (map.keys.phase != KeyPhase::settled) return std::nullopt;
  KeysChange change{map.keys.since, map.keys.ring, KeyPhase::installing};
  if (change.ring.keys.empty()) change.phase = KeyPhase::settled;
  change.ring.keys.push_back(std::move(new_key));
  return change;
}

std::optional<KeysChange> plan_keys(const Map& map, const NodeSet& behind) {
  if (map.keys.phase == KeyPhase::settled || !behind.empty()) return std::nullopt;
  KeysChange change{map.keys.since, map.keys.ring, KeyPhase::replacing};
  auto& keys = change.ring.keys;
  if (map.keys.phase == KeyPhase::installing) {
    std::swap(keys.front(), keys.back());
  } else {
    keys.pop_back();
    change.phase = KeyPhase::settled;
  }
  return change;
}

}  // namespace gridmail
