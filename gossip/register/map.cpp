// The rules of a change of the map (design, sections 3 and 5).
#include "gossip/register/map.hpp"

#include "gossip/register/map_limits.hpp"

namespace gridmail {
namespace {

bool disjoint(const NodeSet& a, const NodeSet& b) {
  return std::none_of(a.begin(), a.end(), [&](const NodeId& node) { return b.contains(node); });
}

bool all_members(const Map& map, const NodeSet& nodes) {
  return std::all_of(nodes.begin(), nodes.end(),
                     [&](const NodeId& node) { return map.member(node) != nullptr; });
}

/// A copy that is not in sync.
bool is_left(const SlotRow& row, NodeId node) {
  return row.retired.contains(node) || row.joining.contains(node) || row.partial.contains(node);
}

bool keeps_invariants(const Map& map, const SlotRow& row) {
  const bool led = row.primary ? row.in_sync.contains(*row.primary) && !row.combining
                               : row.combining && is_left(row, *row.combining);
  return led && !row.in_sync.empty() && disjoint(row.in_sync, row.joining) &&
         disjoint(row.in_sync, row.retired) && disjoint(row.joining, row.retired) &&
         disjoint(row.in_sync, row.partial) && disjoint(row.joining, row.partial) &&
         disjoint(row.retired, row.partial) && all_members(map, row.in_sync) &&
         all_members(map, row.joining) && all_members(map, row.retired) && all_members(map, row.partial);
}

/// Every slot change raises the epoch, also one that only asks for a new one or touches only retired copies:
/// so that a change which is sent again can never undo a later one.
bool apply_slot(Map& map, const SlotChange& change) {
  if (change.slot >= map.rows.size()) return false;
  SlotRow& row = map.rows[change.slot];
  if (row.epoch != change.expected || !keeps_invariants(map, change.row)) return false;
  if (change.row.primary && !row.in_sync.contains(*change.row.primary)) {
    const bool combined =
        row.combining == change.row.primary && change.row.in_sync == NodeSet{*row.combining};
    if (!combined) return false;
  }
  const bool was_alone = row.alone;
  row = change.row;
  row.alone = row.in_sync.size() < 2 && (was_alone || map.settings.copies_min == 1);
  row.epoch = change.expected + 1;
  row.epoch_since = map.version + 1;
  return true;
}

bool apply_member(Map& map, const MemberChange& change) {
  const Member& member = change.member;
  if (std::find(map.removed.begin(), map.removed.end(), member.id) != map.removed.end()) return false;
  const bool name_taken = std::any_of(map.members.begin(), map.members.end(), [&](const Member& other) {
    return other.id != member.id && other.name == member.name;
  });
  if (name_taken) return false;
  const auto at = std::lower_bound(map.members.begin(), map.members.end(), member.id,
                                   [](const Member& m, const NodeId& id) { return m.id < id; });
  if (at == map.members.end() || at->id != member.id) {
    if (change.expected || map.members.size() >= map_members_max) return false;
    map.members.insert(at, member);
    return true;
  }
  if (*at == member || (change.expected && *at != *change.expected)) return false;
  *at = member;
  return true;
}

bool apply_removal(Map& map, NodeId id) {
  if (map.member(id) == nullptr || map.voters.contains(id) || map.voters_before.contains(id)) return false;
  const bool named = std::any_of(map.rows.begin(), map.rows.end(), [&](const SlotRow& row) {
    return row.holds(id) || row.retired.contains(id) || row.partial.contains(id);
  });
  if (named) return false;
  std::erase_if(map.members, [&](const Member& member) { return member.id == id; });
  map.removed.push_back(id);
  return true;
}

bool apply_voters(Map& map, const NodeSet& voters) {
  if (voters == map.voters) {
    const bool ends = !map.voters_before.empty();
    map.voters_before.clear();
    return ends;
  }
  if (!map.voters_before.empty() || voters.empty() || !all_members(map, voters)) return false;
  map.voters_before = map.voters;
  map.voters = voters;
  return true;
}

/// Rows with one copy in sync that may be written alone from now on, or that a program which did not tell may
/// have written alone until now. In a new epoch: whoever has yet to hear of it asks for nothing that rests on
/// the old settings. A slot that never had a second copy is known to be alone; one without a primary is
/// written by nobody.
void note_alone(Map& map) {
  for (auto& row : map.rows) {
    if (row.alone || !row.paired || !row.primary || row.in_sync.size() > 1) continue;
    row.alone = true;
    ++row.epoch;
    row.epoch_since = map.version + 1;
  }
}

bool apply_settings(Map& map, const SettingsChange& change) {
  if (change.expected && *change.expected != map.settings) return false;
  const auto& settings = change.settings;
  const bool sound = settings.copies >= 1 && settings.copies_min >= 1 &&
                     settings.copies_min <= settings.copies && settings.scrub_days <= scrub_days_max &&
                     settings.format_level >= map.settings.format_level &&
                     settings.format_level <= map_format_level_max;
  if (!sound || settings == map.settings) return false;
  if (settings.copies_min == 1 || map.settings.copies_min == 1) note_alone(map);
  map.settings = settings;
  return true;
}

bool apply_keys(Map& map, const KeysChange& change) {
  const auto& keys = change.ring.keys;
  const std::size_t wanted = change.phase == KeyPhase::settled ? 1 : 2;
  const bool sound = keys.size() == wanted && std::all_of(keys.begin(), keys.end(), [](const Bytes& key) {
                       return key.size() == gossip_key_bytes;
                     });
  if (!sound || change.expected != map.keys.since) return false;
  map.keys = {change.ring, change.phase, map.version + 1};
  return true;
}

}  // namespace

Map apply(const Map& map, const MapChange& change) {
  Map next = map;
  bool changed = false;
  // Members come before the rows that may name them, removals after the rows that no longer do.
  for (const auto& member : change.members) changed |= apply_member(next, member);
  for (const auto& slot : change.slots) changed |= apply_slot(next, slot);
  if (change.voters) changed |= apply_voters(next, change.voters->voters);
  for (const auto& removal : change.removals) changed |= apply_removal(next, removal.id);
  if (change.settings) changed |= apply_settings(next, *change.settings);
  if (change.keys) changed |= apply_keys(next, *change.keys);
  if (changed) next.version = map.version + 1;
  return next;
}

Map create_map(Member member, std::uint32_t slots, Bytes grid_id, GridSettings settings) {
  Map map;
  map.grid_id = std::move(grid_id);
  map.version = 1;
  map.voters.insert(member.id);
  map.settings = settings;
  SlotRow row;
  row.epoch = 1;
  row.epoch_since = 1;
  row.primary = member.id;
  row.in_sync.insert(member.id);
  map.rows.assign(slots + std::size_t{1}, row);
  map.members.push_back(std::move(member));
  return map;
}

}  // namespace gridmail
