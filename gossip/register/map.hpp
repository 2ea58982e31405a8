// The map: the one table the grid agrees on (design, sections 3 and 5). A value, changed only by apply()
// inside the register; everything that reads it holds an immutable shared copy.
#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gossip/membership/key_ring.hpp"
#include "node/base/bytes.hpp"
#include "node/base/clock.hpp"
#include "node/base/ids.hpp"
#include "node/base/result.hpp"

namespace gridmail {

enum class MemberState : std::uint8_t {
  active,
  draining,  ///< gives its primaries away, keeps its copies
  leaving,   ///< gives its copies away too; removed when it holds none
};

/// One node of the grid.
struct Member {
  NodeId id;
  Bytes public_key;  ///< Ed25519, 32 bytes; id is its BLAKE2b-128
  std::string name;  ///< for people; unique
  std::vector<std::string>
      addresses;  ///< "host:port" of the peer listener; TCP and UDP share the port number
  std::string zone;
  std::uint32_t weight = 100;  ///< share of slots; 0 stores none and votes
  MemberState state = MemberState::active;
  /// Not 0: away by plan until then. It gives its primaries away, and what it holds is not rebuilt meanwhile.
  WallMicros maintenance_until = 0;
  std::optional<NodeId> successor;  ///< of a leaving member: who takes its place
  bool paused = false;              ///< what its leaving, its draining or its death has set moving is held
  bool operator==(const Member&) const = default;

  /// Whether it may be given slots.
  [[nodiscard]] bool stores() const { return weight > 0 && state != MemberState::leaving; }
  [[nodiscard]] bool may_be_primary() const { return state == MemberState::active && maintenance_until == 0; }
};

/// A sorted set of nodes; a handful at most.
class NodeSet {
 public:
  NodeSet() = default;
  NodeSet(std::initializer_list<NodeId> nodes) {
    for (const auto& node : nodes) insert(node);
  }
  void insert(NodeId node) {
    const auto at = std::lower_bound(nodes_.begin(), nodes_.end(), node);
    if (at == nodes_.end() || *at != node) nodes_.insert(at, node);
  }
  void erase(NodeId node) { std::erase(nodes_, node); }
  [[nodiscard]] bool contains(NodeId node) const {
    return std::binary_search(nodes_.begin(), nodes_.end(), node);
  }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] bool empty() const { return nodes_.empty(); }
  [[nodiscard]] auto begin() const { return nodes_.begin(); }
  [[nodiscard]] auto end() const { return nodes_.end(); }
  void clear() { nodes_.clear(); }
  bool operator==(const NodeSet&) const = default;

 private:
  std::vector<NodeId> nodes_;
};

/// Who holds one slot. Invariants: primary ∈ in_sync, or, while there is none, combining ∈ retired, joining
/// or partial; the four sets are disjoint; in_sync is never empty; every change of primary, in_sync or
/// joining raises epoch.
struct SlotRow {
  Epoch epoch = 0;
  MapVersion epoch_since = 0;     ///< the map version in which this epoch began
  std::optional<NodeId> primary;  ///< nothing while copies are being combined
  NodeSet in_sync;
  NodeSet joining;
  NodeSet retired;  ///< removed while whole: kept until a joining copy is named in sync
  NodeSet partial;  ///< removed while joining: likewise; shown as retired
  /// While there is no primary: who makes itself whole from the other copies that are left.
  std::optional<NodeId> combining;
  /// False until the slot first had a second copy opened: such a slot goes on alone, flagged (small grids).
  bool paired = false;
  /// While there is one copy in sync: it may have committed what no other has, as `copies_min` was 1 at some
  /// time since there were two. Filled in by apply().
  bool alone = false;
  bool operator==(const SlotRow&) const = default;

  [[nodiscard]] bool holds(NodeId node) const { return in_sync.contains(node) || joining.contains(node); }
  /// In-sync and joining copies other than the primary: all must acknowledge a write.
  [[nodiscard]] NodeSet others() const {
    NodeSet set;
    for (const auto& node : in_sync)
      if (node != primary) set.insert(node);
    for (const auto& node : joining)
      if (node != primary) set.insert(node);
    return set;
  }
};

inline constexpr std::uint32_t scrub_days_max = 3650;

/// Grid-wide numbers that can be changed online.
struct GridSettings {
  std::uint32_t copies = 2;
  std::uint32_t copies_min = 2;
  std::uint32_t format_level = 1;
  bool balance_paused = false;    ///< copies and primaries are not moved only to share the load
  std::uint32_t scrub_days = 30;  ///< within which everything stored is read and compared once; 0: never
  bool operator==(const GridSettings&) const = default;
};

/// How far a rotation of the gossip keys is.
enum class KeyPhase : std::uint8_t {
  settled,     ///< one key
  installing,  ///< the new key comes last, until every living member has it
  replacing,   ///< the new key comes first and seals; the old one still opens what is under way
};

/// The keys that gossip datagrams are sealed with. As part of the map they reach each member over its pinned
/// TLS connections, whenever it comes back; a member that tells of a map of version `since` or later has
/// them.
struct GossipKeys {
  KeyRing ring;
  KeyPhase phase = KeyPhase::settled;
  MapVersion since = 0;  ///< the map version in which this phase began
  bool operator==(const GossipKeys&) const = default;
};

struct Map {
  Bytes grid_id;                ///< 16 random bytes drawn at creation
  MapVersion version = 0;       ///< 0: no grid yet
  std::vector<Member> members;  ///< sorted by id
  std::vector<NodeId> removed;  ///< ids locked out for ever
  NodeSet voters;
  NodeSet voters_before;  ///< not empty while a change of voters is under way
  GridSettings settings;
  GossipKeys keys;
  std::vector<SlotRow> rows;  ///< slots + 1 of them; the last is the directory
  bool operator==(const Map&) const = default;

  [[nodiscard]] std::uint32_t slots() const {
    return rows.empty() ? 0 : static_cast<std::uint32_t>(rows.size() - 1);
  }
  [[nodiscard]] SlotId directory_slot() const { return slots(); }
  [[nodiscard]] const Member* member(NodeId id) const {
    const auto at = std::lower_bound(members.begin(), members.end(), id,
                                     [](const Member& m, const NodeId& value) { return m.id < value; });
    return at != members.end() && at->id == id ? &*at : nullptr;
  }
  [[nodiscard]] std::size_t storing_members() const {
    return static_cast<std::size_t>(
        std::count_if(members.begin(), members.end(), [](const Member& m) { return m.stores(); }));
  }
};
using MapPtr = std::shared_ptr<const Map>;

/// The map as bytes: the register's value, what gossip carries, what a node keeps on disk
/// (gossip/register/map.proto).
[[nodiscard]] Bytes encode_map(const Map& map);
/// Errors: corrupted; unsupported when the format level is above this program's.
[[nodiscard]] Result<Map> decode_map(BytesView bytes);

/// A change of one slot, made for `expected`; it fails on any other epoch, so that it can be sent again.
struct SlotChange {
  SlotId slot = 0;
  Epoch expected = 0;
  SlotRow row;  ///< epoch, epoch_since and alone are filled in by apply()
};
/// Adds a member or replaces the record of the one with this id: where `expected` is given, only if that is
/// its record still, so that two changes at once never undo each other.
struct MemberChange {
  Member member;
  std::optional<Member> expected = {};
};
/// Only once no row names it.
struct MemberRemoval {
  NodeId id;
};
/// Begins a change of voters; apply() also ends one when `voters` are the present ones.
struct VotersChange {
  NodeSet voters;
};
struct SettingsChange {
  GridSettings settings;
  std::optional<GridSettings> expected = {};  ///< made only while the map's are these; nothing: in any case
};

/// The next step of a rotation, made for the phase that began in `expected`.
struct KeysChange {
  MapVersion expected = 0;
  KeyRing ring;
  KeyPhase phase = KeyPhase::settled;
};

struct MapChange {
  std::vector<SlotChange> slots;
  std::vector<MemberChange> members;
  std::vector<MemberRemoval> removals;
  std::optional<VotersChange> voters;
  std::optional<SettingsChange> settings;
  std::optional<KeysChange> keys;
};
[[nodiscard]] Bytes encode_change(const MapChange& change);
[[nodiscard]] Result<MapChange> decode_change(BytesView bytes);

/// Applies what can be applied and raises the version by one when anything changed. A slot change whose
/// expected epoch is not the row's is left out; so is one that breaks an invariant of SlotRow or makes a node
/// primary that was not in sync in the row before. Settings raise the epoch of rows that become alone by
/// them. Pure.
[[nodiscard]] Map apply(const Map& map, const MapChange& change);

/// A grid of one: `member` is voter, and primary and only copy of every slot and the directory. Version 1,
/// epochs 1.
[[nodiscard]] Map create_map(Member member, std::uint32_t slots, Bytes grid_id, GridSettings settings);

}  // namespace gridmail
