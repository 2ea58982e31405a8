// The map as protobuf records. Rows name nodes by index, so that a row costs some 16 bytes.
#include "gossip/register/map.hpp"
#include "gossip/register/map.pb.h"
#include "gossip/register/map_limits.hpp"

namespace gridmail {
namespace {

using gossip::ChangeRecord;
using gossip::MapRecord;
using gossip::MemberRecord;
using gossip::RowRecord;
using gossip::SettingsRecord;
using Indexes = google::protobuf::RepeatedField<std::uint32_t>;

/// The nodes that indexes point to: sorted ones first (members), then others as they come.
class NodeTable {
 public:
  void add_member(NodeId node) { nodes_.push_back(node), ++sorted_; }
  void add(NodeId node) { nodes_.push_back(node); }
  std::uint32_t index(NodeId node) {
    const auto sorted_end = nodes_.begin() + static_cast<std::ptrdiff_t>(sorted_);
    auto at = std::lower_bound(nodes_.begin(), sorted_end, node);
    if (at == sorted_end || *at != node) at = std::find(sorted_end, nodes_.end(), node);
    if (at != nodes_.end()) return static_cast<std::uint32_t>(at - nodes_.begin());
    nodes_.push_back(node);
    return static_cast<std::uint32_t>(nodes_.size() - 1);
  }
  void write(const NodeSet& set, Indexes& out) {
    for (const auto& node : set) out.Add(index(node));
  }
  [[nodiscard]] bool read(const Indexes& in, NodeSet& out) const {
    for (const auto i : in) {
      if (i >= nodes_.size() || out.contains(nodes_[i])) return false;
      out.insert(nodes_[i]);
    }
    return true;
  }
  [[nodiscard]] const NodeId* at(std::uint32_t index) const {
    return index < nodes_.size() ? &nodes_[index] : nullptr;
  }
  /// The ids that are not members.
  [[nodiscard]] Bytes others() const {
    Bytes out;
    for (std::size_t i = sorted_; i < nodes_.size(); ++i) out += nodes_[i].view();
    return out;
  }

 private:
  std::vector<NodeId> nodes_;
  std::size_t sorted_ = 0;
};

Bytes join_ids(const std::vector<NodeId>& ids) {
  Bytes out;
  for (const auto& id : ids) out += id.view();
  return out;
}

[[nodiscard]] bool split_ids(BytesView bytes, std::vector<NodeId>& out) {
  if (bytes.size() % 16 != 0) return false;
  for (; !bytes.empty(); bytes.remove_prefix(16)) out.push_back(*NodeId::from_bytes(bytes.substr(0, 16)));
  return true;
}

void write_member(const Member& member, MemberRecord& record) {
  record.set_id(member.id.bytes());
  record.set_public_key(member.public_key);
  record.set_name(member.name);
  for (const auto& address : member.addresses) record.add_addresses(address);
  record.set_zone(member.zone);
  record.set_weight(member.weight);
  record.set_state(static_cast<std::uint32_t>(member.state));
  record.set_maintenance_until(member.maintenance_until);
  if (member.successor) record.set_successor(member.successor->bytes());
  record.set_paused(member.paused);
}

[[nodiscard]] bool read_member(const MemberRecord& record, Member& member) {
  const auto id = NodeId::from_bytes(record.id());
  if (!id || record.state() > static_cast<std::uint32_t>(MemberState::leaving)) return false;
  member.id = *id;
  member.public_key = record.public_key();
  member.name = record.name();
  member.addresses.assign(record.addresses().begin(), record.addresses().end());
  member.zone = record.zone();
  member.weight = record.weight();
  member.state = static_cast<MemberState>(record.state());
  member.maintenance_until = record.maintenance_until();
  if (!record.successor().empty()) {
    member.successor = NodeId::from_bytes(record.successor());
    if (!member.successor) return false;
  }
  member.paused = record.paused();
  return true;
}

void write_row(const SlotRow& row, NodeTable& nodes, RowRecord& record) {
  record.set_epoch(row.epoch);
  record.set_epoch_since(row.epoch_since);
  if (row.primary) record.set_primary_plus_one(nodes.index(*row.primary) + 1);
  nodes.write(row.in_sync, *record.mutable_in_sync());
  nodes.write(row.joining, *record.mutable_joining());
  nodes.write(row.retired, *record.mutable_retired());
  nodes.write(row.partial, *record.mutable_partial());
  record.set_paired(row.paired);
  record.set_alone(row.alone);
  if (row.combining) record.set_combining_plus_one(nodes.index(*row.combining) + 1);
}

[[nodiscard]] bool read_row(const RowRecord& record, const NodeTable& nodes, SlotRow& row) {
  row.epoch = record.epoch();
  row.epoch_since = record.epoch_since();
  if (record.primary_plus_one() != 0) {
    const auto* primary = nodes.at(record.primary_plus_one() - 1);
    if (primary == nullptr) return false;
    row.primary = *primary;
  }
  if (record.combining_plus_one() != 0) {
    const auto* combining = nodes.at(record.combining_plus_one() - 1);
    if (combining == nullptr) return false;
    row.combining = *combining;
  }
  row.paired = record.paired();
  row.alone = record.alone();
  return nodes.read(record.in_sync(), row.in_sync) && nodes.read(record.joining(), row.joining) &&
         nodes.read(record.retired(), row.retired) && nodes.read(record.partial(), row.partial);
}

void write_settings(const GridSettings& settings, SettingsRecord& record) {
  record.set_copies(settings.copies);
  record.set_copies_min(settings.copies_min);
  record.set_format_level(settings.format_level);
  record.set_balance_paused(settings.balance_paused);
  record.set_scrub_days(settings.scrub_days);
}

GridSettings read_settings(const SettingsRecord& record) {
  GridSettings settings{record.copies(), record.copies_min(), record.format_level(), record.balance_paused()};
  if (record.has_scrub_days()) settings.scrub_days = record.scrub_days();
  return settings;
}

void write_keys(const KeyRing& ring, KeyPhase phase, MapVersion since, gossip::KeysRecord& record) {
  for (const auto& key : ring.keys) record.add_keys(key);
  record.set_phase(static_cast<std::uint32_t>(phase));
  record.set_since(since);
}

[[nodiscard]] bool read_keys(const gossip::KeysRecord& record, KeyRing& ring, KeyPhase& phase) {
  if (record.keys_size() > 2 || record.phase() > static_cast<std::uint32_t>(KeyPhase::replacing))
    return false;
  for (const auto& key : record.keys()) {
    if (key.size() != gossip_key_bytes) return false;
    ring.keys.push_back(key);
  }
  phase = static_cast<KeyPhase>(record.phase());
  return true;
}

[[nodiscard]] bool read_members(const MapRecord& record, Map& map, NodeTable& nodes) {
  for (const auto& member : record.members()) {
    auto& read = map.members.emplace_back();
    if (!read_member(member, read)) return false;
    if (map.members.size() > 1 && !(map.members[map.members.size() - 2].id < read.id)) return false;
    nodes.add_member(read.id);
  }
  std::vector<NodeId> others;
  if (!split_ids(record.other_nodes(), others)) return false;
  for (const auto& node : others) nodes.add(node);
  return true;
}

[[nodiscard]] bool read_map(const MapRecord& record, Map& map) {
  if (static_cast<std::size_t>(record.members_size()) > map_members_max) return false;
  if (static_cast<std::size_t>(record.rows_size()) > map_rows_max) return false;
  map.grid_id = record.grid_id();
  map.version = record.version();
  map.settings = read_settings(record.settings());
  if (map.settings.format_level != record.format_level()) return false;
  if (!read_keys(record.keys(), map.keys.ring, map.keys.phase)) return false;
  map.keys.since = record.keys().since();
  NodeTable nodes;
  if (!read_members(record, map, nodes) || !split_ids(record.removed(), map.removed)) return false;
  if (!nodes.read(record.voters(), map.voters) || !nodes.read(record.voters_before(), map.voters_before))
    return false;
  map.rows.resize(static_cast<std::size_t>(record.rows_size()));
  for (int i = 0; i < record.rows_size(); ++i) {
    if (!read_row(record.rows(i), nodes, map.rows[static_cast<std::size_t>(i)])) return false;
  }
  return true;
}

[[nodiscard]] bool read_change(const ChangeRecord& record, MapChange& change) {
  NodeTable nodes;
  std::vector<NodeId> ids;
  if (!split_ids(record.nodes(), ids)) return false;
  for (const auto& id : ids) nodes.add(id);
  for (const auto& slot : record.slots()) {
    auto& read = change.slots.emplace_back(SlotChange{slot.slot(), slot.expected(), {}});
    if (!read_row(slot.row(), nodes, read.row)) return false;
  }
  for (const auto& member : record.members()) {
    auto& read = change.members.emplace_back();
    if (!read_member(member.member(), read.member)) return false;
    if (member.has_expected() && !read_member(member.expected(), read.expected.emplace())) return false;
  }
  std::vector<NodeId> removals;
  if (!split_ids(record.removals(), removals)) return false;
  for (const auto& id : removals) change.removals.push_back({id});
  if (record.changes_voters() && !nodes.read(record.voters(), change.voters.emplace().voters)) return false;
  if (record.has_settings()) change.settings = SettingsChange{read_settings(record.settings())};
  if (change.settings && record.has_expected_settings())
    change.settings->expected = read_settings(record.expected_settings());
  if (record.has_keys()) {
    auto& keys = change.keys.emplace();
    keys.expected = record.keys().since();
    if (!read_keys(record.keys(), keys.ring, keys.phase)) return false;
  }
  return true;
}

}  // namespace

Bytes encode_map(const Map& map) {
  MapRecord record;
  NodeTable nodes;
  record.set_format_level(map.settings.format_level);
  record.set_grid_id(map.grid_id);
  record.set_version(map.version);
  for (const auto& member : map.members) {
    nodes.add_member(member.id);
    write_member(member, *record.add_members());
  }
  record.set_removed(join_ids(map.removed));
  nodes.write(map.voters, *record.mutable_voters());
  nodes.write(map.voters_before, *record.mutable_voters_before());
  write_settings(map.settings, *record.mutable_settings());
  write_keys(map.keys.ring, map.keys.phase, map.keys.since, *record.mutable_keys());
  record.mutable_rows()->Reserve(static_cast<int>(map.rows.size()));
  for (const auto& row : map.rows) write_row(row, nodes, *record.add_rows());
  record.set_other_nodes(nodes.others());
  return record.SerializeAsString();
}

Result<Map> decode_map(BytesView bytes) {
  MapRecord record;
  if (bytes.size() > map_bytes_max || !record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::corrupted, "the map cannot be read");
  }
  if (record.format_level() > map_format_level_max) {
    return fail(Errc::unsupported, "the map was written by a newer program");
  }
  Map map;
  if (!read_map(record, map)) return fail(Errc::corrupted, "the map contradicts itself");
  return map;
}

Bytes encode_change(const MapChange& change) {
  ChangeRecord record;
  NodeTable nodes;
  for (const auto& slot : change.slots) {
    auto& written = *record.add_slots();
    written.set_slot(slot.slot);
    written.set_expected(slot.expected);
    write_row(slot.row, nodes, *written.mutable_row());
  }
  for (const auto& member : change.members) {
    auto& written = *record.add_members();
    write_member(member.member, *written.mutable_member());
    if (member.expected) write_member(*member.expected, *written.mutable_expected());
  }
  std::vector<NodeId> removals;
  for (const auto& removal : change.removals) removals.push_back(removal.id);
  record.set_removals(join_ids(removals));
  if (change.voters) {
    record.set_changes_voters(true);
    nodes.write(change.voters->voters, *record.mutable_voters());
  }
  if (change.settings) write_settings(change.settings->settings, *record.mutable_settings());
  if (change.settings && change.settings->expected)
    write_settings(*change.settings->expected, *record.mutable_expected_settings());
  if (change.keys) {
    write_keys(change.keys->ring, change.keys->phase, change.keys->expected, *record.mutable_keys());
  }
  record.set_nodes(nodes.others());
  return record.SerializeAsString();
}

Result<MapChange> decode_change(BytesView bytes) {
  ChangeRecord record;
  if (bytes.size() > map_bytes_max || !record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::corrupted, "the change of the map cannot be read");
  }
  MapChange change;
  if (!read_change(record, change)) return fail(Errc::corrupted, "the change of the map contradicts itself");
  return change;
}

}  // namespace gridmail
