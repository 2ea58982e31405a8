#include "node/canary_slots.hpp"

#include <algorithm>
#include <set>

namespace gridmail {

std::vector<SlotId> canary_slots(const Map& map, NodeId self, SlotId start, std::size_t count,
                                 const std::function<bool(NodeId)>& is_alive) {
  std::vector<SlotId> own, others;
  std::set<std::vector<NodeId>> seen_own, seen_others;
  for (SlotId i = 0; i < map.slots() && own.size() < count; ++i) {
    const SlotId slot = (start + i) % map.slots();
    const auto& row = map.rows[slot];
    if (!row.primary || !is_alive(*row.primary)) continue;
    NodeSet copies = row.others();
    if (!std::all_of(copies.begin(), copies.end(), is_alive)) continue;
    copies.insert(*row.primary);
    const bool is_own = row.primary == self;
    const bool is_new = (is_own ? seen_own : seen_others).insert({copies.begin(), copies.end()}).second;
    if (is_new) (is_own ? own : others).push_back(slot);
  }
  own.insert(own.end(), others.begin(), others.end());
  if (own.size() > count) own.resize(count);
  return own;
}

}  // namespace gridmail
