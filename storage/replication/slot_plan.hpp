// What a slot's row should become next: the rules of design section 5, "Changing" and "Losing and rebuilding
// copies", and of section 6 for planned movement, as one pure function.
#pragma once
#include <functional>
#include <optional>

#include "gossip/register/map.hpp"

namespace gridmail {

/// What one copy of a slot knows when it is asked what to do.
struct SlotSituation {
  SlotSituation(NodeId node, const Map& newest, SlotId id, const SlotRow& now)
      : self(node), map(newest), slot(id), row(now) {}
  NodeId self;
  const Map& map;
  SlotId slot;
  const SlotRow& row;
  std::function<bool(NodeId)> is_alive;  ///< heard of just now: may be given work; true for self
  std::function<bool(NodeId)> is_dead;   ///< silent for long enough to be replaced; false for self
  /// Its disk is at its reserve: no copy is given to it while another can take it. Empty: of nobody.
  std::function<bool(NodeId)> is_full;
  bool opened = false;            ///< self is primary and has opened this epoch
  bool restarted = false;         ///< self was primary of this epoch in an earlier life
  bool unfit = false;             ///< self lacks something that is known to be committed
  bool suspect = false;           ///< self is in sync, on a disk that may have lost something acknowledged
  std::optional<NodeId> fittest;  ///< then: the in-sync copy that should be primary, once that is clear
  bool complete_part = false;     ///< self holds everything up to some position
  bool all_lost = false;          ///< no in-sync copy has given a sign of life for long
  bool combined = false;          ///< self has made itself whole
  std::optional<NodeId> heir;     ///< it is for this one to do so
  NodeSet stuck;                  ///< alive, but leave a write unacknowledged for too long
  NodeSet ahead;                  ///< refused the opening, knowing something committed that self lacks
  NodeSet behind;                 ///< refused the opening, being in sync and lacking something
  NodeSet complete;               ///< joining copies that are whole, with all they hold known to be committed
  NodeSet filling;                ///< joining copies that have begun to close their gap
  NodeSet no_room;                ///< joining copies that cannot, as their disk is full
  const NodeSet* target = nullptr;     ///< planned copies; nothing: no movement now
  const NodeSet* stand_ins = nullptr;  ///< planned copies without those that are away; nothing: no plan
  std::optional<NodeId> preferred_primary;
  bool may_move = false;       ///< the node's budget allows one more planned movement of a copy
  bool may_hand_over = false;  ///< likewise, of a primary
};

/// What is to be asked of the register. A hand-over must first stop answering and give its leases back.
struct SlotStep {
  SlotRow row;
  bool hand_over = false;
  bool movement = false;  ///< counts against the budget
};

/// Nothing: leave it as it is. The row's epoch fields are left to the register.
[[nodiscard]] std::optional<SlotStep> plan_slot(const SlotSituation& situation);

}  // namespace gridmail
