#include "gossip/register/map_delta.hpp"

#include "gossip/register/map_limits.hpp"
#include "gossip/register/register_wire.hpp"

namespace gridmail {
namespace {

Map head_of(const Map& map) {
  Map head;
  head.grid_id = map.grid_id;
  head.version = map.version;
  head.members = map.members;
  head.removed = map.removed;
  head.voters = map.voters;
  head.voters_before = map.voters_before;
  head.settings = map.settings;
  head.keys = map.keys;
  return head;
}

}  // namespace

gossip::MapDelta make_delta(const ChosenMap& chosen, MapVersion base, const Map* known) {
  const Map& map = *chosen.map;
  gossip::MapDelta delta;
  Map head = head_of(map);
  if (known != nullptr && known->members == map.members) {
    delta.set_same_members(true);
    head.members.clear();
  }
  for (SlotId slot = 0; slot < map.rows.size(); ++slot) {
    if (map.rows[slot].epoch_since <= base) continue;
    delta.add_slots(slot);
    head.rows.push_back(map.rows[slot]);
  }
  delta.set_base(base);
  delta.set_head(encode_map(head));
  delta.set_rows(static_cast<std::uint32_t>(map.rows.size()));
  delta.set_digest(map_digest(chosen.bytes));
  return delta;
}

Result<ChosenMap> apply_delta(const Map& base, const gossip::MapDelta& delta) {
  auto head = decode_map(delta.head());
  if (!head) return tl::unexpected(head.error());
  if (base.version < delta.base() || base.grid_id != head->grid_id || base.rows.size() != delta.rows()) {
    return fail(Errc::conflict, "the delta was made for another map");
  }
  if (head->rows.size() != static_cast<std::size_t>(delta.slots_size())) {
    return fail(Errc::corrupted, "the delta contradicts itself");
  }
  Map map = head_of(*head);
  if (delta.same_members()) map.members = base.members;
  map.rows = base.rows;
  for (int i = 0; i < delta.slots_size(); ++i) {
    if (delta.slots(i) >= map.rows.size()) return fail(Errc::corrupted, "the delta contradicts itself");
    map.rows[delta.slots(i)] = std::move(head->rows[static_cast<std::size_t>(i)]);
  }
  Bytes bytes = encode_map(map);
  if (map_digest(bytes) != delta.digest()) return fail(Errc::conflict, "the delta makes another map");
  return ChosenMap{std::make_shared<const Map>(std::move(map)), std::move(bytes)};
}

}  // namespace gridmail
