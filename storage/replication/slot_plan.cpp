#include "storage/replication/slot_plan.hpp"

#include "gossip/placement/planner.hpp"

namespace gridmail {
namespace {

class Planner {
 public:
  explicit Planner(const SlotSituation& situation) : s_(situation) {}

  std::optional<SlotStep> plan() {
    if (s_.row.primary == s_.self) return as_primary();
    if (!s_.row.primary) return while_combining();
    if (s_.row.in_sync.contains(s_.self)) return as_backup();
    return as_survivor();
  }

 private:
  /// And not just found wanting.
  [[nodiscard]] bool is_alive(NodeId node) const { return s_.is_alive(node) && !s_.stuck.contains(node); }
  [[nodiscard]] bool is_dead(NodeId node) const { return s_.is_dead(node) || s_.stuck.contains(node); }
  [[nodiscard]] std::size_t copies() const { return s_.map.settings.copies; }

  [[nodiscard]] bool is_full(NodeId node) const { return s_.is_full && s_.is_full(node); }

  /// A joining copy for `row`, when it lacks one. Where all disks are full, one of these: it takes part in
  /// what is small, such as deletions, and is filled once there is room.
  [[nodiscard]] std::optional<NodeId> candidate(const SlotRow& row) const {
    if (row.in_sync.size() + row.joining.size() >= copies()) return std::nullopt;
    if (const auto node = candidate(row, true)) return node;
    return candidate(row, false);
  }
  /// A whole retired copy that lives needs least; then one that holds a part; then the planned node, or the
  /// one planned instead of those away; then the best of the rest.
  [[nodiscard]] std::optional<NodeId> candidate(const SlotRow& row, bool with_room) const {
    const auto may_join = [&](NodeId node) { return is_alive(node) && !(with_room && is_full(node)); };
    for (const auto* set : {&row.retired, &row.partial}) {
      for (const auto& node : *set) {
        if (may_join(node) && stores(node)) return node;
      }
    }
    for (const auto* planned : {s_.target, s_.stand_ins}) {
      if (planned == nullptr) continue;
      for (const auto& node : *planned) {
        if (!row.holds(node) && may_join(node)) return node;
      }
    }
    NodeSet exclude;
    for (const auto& node : row.in_sync) exclude.insert(node);
    for (const auto& node : row.joining) exclude.insert(node);
    return replacement(s_.map, s_.slot, exclude, may_join);
  }
  [[nodiscard]] bool stores(NodeId node) const {
    const auto* member = s_.map.member(node);
    return member != nullptr && member->weight > 0 && member->state != MemberState::leaving;
  }
  static void join(SlotRow& row, NodeId node) {
    row.retired.erase(node);
    row.partial.erase(node);
    row.joining.insert(node);
  }

  // Only the copy that will be primary may ask.
  std::optional<SlotStep> as_backup() const {
    if (s_.unfit || !is_dead(*s_.row.primary)) return std::nullopt;
    if (s_.suspect && s_.fittest != s_.self) return std::nullopt;
    SlotRow row = s_.row;
    row.in_sync.erase(*s_.row.primary);
    row.retired.insert(*s_.row.primary);
    row.primary = s_.self;
    if (const auto node = candidate(row)) join(row, *node);
    return SlotStep{row, false, false};
  }

  /// What is left of a slot whose in-sync copies are lost is combined, by a copy that holds everything up to
  /// some position.
  std::optional<SlotStep> as_survivor() const {
    // Where a primary may go on alone, or could at some time since a second copy was in sync, it may have
    // committed what nobody else has. (Of rows that an older program had agreed only the setting tells.)
    const bool may_commit_alone = !s_.row.paired || s_.row.alone || s_.map.settings.copies_min == 1;
    if (!s_.all_lost || !is_left(s_.self) || !s_.complete_part || may_commit_alone) return std::nullopt;
    SlotRow row = s_.row;
    row.primary.reset();
    row.combining = s_.self;
    return SlotStep{row, false, false};
  }
  [[nodiscard]] bool is_left(NodeId node) const {
    return s_.row.retired.contains(node) || s_.row.joining.contains(node) || s_.row.partial.contains(node);
  }

  std::optional<SlotStep> while_combining() const {
    SlotRow row = s_.row;
    if (s_.row.in_sync.contains(s_.self)) {
      if (s_.unfit) return std::nullopt;
      row.primary = s_.self;  // it is not lost after all
      row.combining.reset();
      return SlotStep{row, false, false};
    }
    if (s_.row.combining != s_.self) {
      if (!is_left(s_.self) || !s_.complete_part || !is_dead(*s_.row.combining)) return std::nullopt;
      row.combining = s_.self;
      return SlotStep{row, false, false};
    }
    if (s_.heir) {
      row.combining = *s_.heir;
      return SlotStep{row, false, false};
    }
    if (!s_.combined) return std::nullopt;
    for (const auto& lost : s_.row.in_sync) row.retired.insert(lost);
    row.in_sync.clear();
    join(row, s_.self);
    row.joining.erase(s_.self);
    row.in_sync.insert(s_.self);
    row.primary = s_.self;
    row.combining.reset();
    if (const auto node = candidate(row)) join(row, *node);
    return SlotStep{row, false, false};
  }

  std::optional<SlotStep> as_primary() const {
    if (s_.unfit || !s_.ahead.empty()) return give_way();
    if (s_.suspect) return leave_to_the_fittest();
    if (s_.restarted) return after_restart();
    if (auto step = remove_dead()) return step;
    if (auto step = replace_joining()) return step;
    if (!s_.opened) return std::nullopt;
    if (auto step = name_in_sync()) return step;
    if (auto step = forget_lost()) return step;
    return move();
  }

  /// Others may hold operations that this node has forgotten: it hands over to one that lives, and takes a
  /// new epoch once none does.
  std::optional<SlotStep> after_restart() const {
    bool unclear = false;
    for (const auto& node : s_.row.in_sync) {
      if (node == s_.self) continue;
      if (is_alive(node)) {
        SlotRow row = s_.row;
        row.primary = node;
        return SlotStep{row, false, false};
      }
      unclear |= !is_dead(node);
    }
    if (unclear) return std::nullopt;
    return SlotStep{s_.row, false, false};
  }

  /// A suspect copy is primary only when no sound one can be, and then the longest.
  std::optional<SlotStep> leave_to_the_fittest() const {
    if (!s_.fittest || s_.fittest == s_.self) return std::nullopt;
    SlotRow row = s_.row;
    row.primary = *s_.fittest;
    return SlotStep{row, false, false};
  }

  /// Another copy knows something to be committed that this one lacks, or its disk is an old one: it is not
  /// fit to be primary. Whoever has all takes over, and this copy joins again with what it holds.
  std::optional<SlotStep> give_way() const {
    std::optional<NodeId> heir;
    for (const auto& node : s_.row.in_sync) {
      if (node == s_.self || !is_alive(node) || s_.behind.contains(node)) continue;
      if (!heir || (s_.ahead.contains(node) && !s_.ahead.contains(*heir))) heir = node;
    }
    SlotRow row = s_.row;
    if (!heir) return leave_to_the_rest(row);
    row.primary = *heir;
    row.in_sync.erase(s_.self);
    row.retired.insert(s_.self);
    if (row.in_sync.size() + row.joining.size() < copies() && stores(s_.self)) join(row, s_.self);
    return SlotStep{row, false, false};
  }

  /// The only in-sync copy is not fit: what is left besides it is combined.
  std::optional<SlotStep> leave_to_the_rest(SlotRow row) const {
    if (row.in_sync.size() > 1) return std::nullopt;  // the others may come back
    for (const auto* set : {&row.retired, &row.joining, &row.partial}) {
      for (const auto& node : *set) {
        if (row.combining || !is_alive(node)) continue;
        row.combining = node;
      }
    }
    if (!row.combining) return std::nullopt;
    row.primary.reset();
    return SlotStep{row, false, false};
  }

  std::optional<SlotStep> remove_dead() const {
    SlotRow row = s_.row;
    for (const auto& node : s_.row.in_sync) {
      if (node == s_.self || !(is_dead(node) || s_.behind.contains(node))) continue;
      row.in_sync.erase(node);
      row.retired.insert(node);
    }
    bool joins_anew = false;  // its disk has lost what it was filled with: the same row, in another epoch
    for (const auto& node : s_.row.joining) {
      if (!is_dead(node) && !s_.behind.contains(node)) continue;
      joins_anew |= !is_dead(node);
      row.joining.erase(node);
      row.partial.insert(node);
    }
    if (row == s_.row && (!s_.opened || row.in_sync.size() + row.joining.size() >= copies()))
      return std::nullopt;
    if (const auto node = candidate(row)) join(row, *node);
    if (row == s_.row && !joins_anew) return std::nullopt;
    return SlotStep{row, false, false};
  }

  /// The lost copy is back before its replacement has begun: it needs less. Or that one has no room, and
  /// another node does. Where no copy is lacking, one without room only keeps out what the others could take:
  /// it goes, and the next plan says where to move instead.
  std::optional<SlotStep> replace_joining() const {
    for (const auto& joining : s_.row.joining) {
      if (s_.complete.contains(joining)) continue;
      SlotRow row = s_.row;
      row.joining.erase(joining);
      row.partial.insert(joining);
      const bool lacks_room = s_.no_room.contains(joining) || is_full(joining);
      if (lacks_room && row.in_sync.size() >= copies()) return SlotStep{row, false, false};
      std::optional<NodeId> other;
      if (!s_.filling.contains(joining)) other = returned();
      if (!other && s_.no_room.contains(joining)) other = candidate(row, true);
      if (!other || *other == joining) continue;
      join(row, *other);
      return SlotStep{row, false, false};
    }
    return std::nullopt;
  }
  [[nodiscard]] std::optional<NodeId> returned() const {
    const auto& retired = s_.row.retired;
    const auto found = std::find_if(retired.begin(), retired.end(),
                                    [this](NodeId node) { return is_alive(node) && stores(node); });
    return found == retired.end() ? std::nullopt : std::optional(*found);
  }

  std::optional<SlotStep> name_in_sync() const {
    SlotRow row = s_.row;
    for (const auto& node : s_.row.joining) {
      if (!s_.complete.contains(node)) continue;
      row.joining.erase(node);
      row.in_sync.insert(node);
    }
    if (row == s_.row) return std::nullopt;
    row.retired.clear();
    row.partial.clear();
    row.paired = true;
    drop_surplus(row);
    return SlotStep{row, false, false};
  }

  /// All copies are in place without those that were lost: nobody waits for these any more.
  std::optional<SlotStep> forget_lost() const {
    const bool lost = !s_.row.retired.empty() || !s_.row.partial.empty();
    if (!lost || !s_.row.joining.empty() || s_.row.in_sync.size() < copies()) return std::nullopt;
    SlotRow row = s_.row;
    row.retired.clear();
    row.partial.clear();
    return SlotStep{row, false, false};
  }

  /// A copy that moved away goes in the change that names its successor in sync.
  void drop_surplus(SlotRow& row) const {
    if (s_.target == nullptr) return;  // the next plan says which
    while (row.in_sync.size() > copies()) {
      std::optional<NodeId> surplus;
      for (const auto& node : row.in_sync) {
        if (node != s_.self && !s_.target->contains(node)) surplus = node;
      }
      if (!surplus) {
        if (!s_.target->contains(s_.self)) return;  // hands over first
        for (const auto& node : row.in_sync) {
          if (node != s_.self) surplus = node;
        }
      }
      if (!surplus) return;
      row.in_sync.erase(*surplus);
    }
  }

  std::optional<SlotStep> move() const {
    if (!s_.row.joining.empty() || s_.target == nullptr) return std::nullopt;
    SlotRow row = s_.row;
    if (row.in_sync.size() > copies()) {
      drop_surplus(row);
      if (!(row == s_.row)) return SlotStep{row, false, true};
    }
    const bool surplus_self = row.in_sync.size() > copies() && !s_.target->contains(s_.self);
    if (!surplus_self && s_.may_move && row.in_sync.size() <= copies()) {
      for (const auto& node : *s_.target) {
        if (row.holds(node) || !is_alive(node) || is_full(node)) continue;
        join(row, node);
        return SlotStep{row, false, true};
      }
    }
    if (!s_.may_hand_over) return std::nullopt;
    const auto preferred = s_.preferred_primary;
    if (preferred && *preferred != s_.self && row.in_sync.contains(*preferred) && is_alive(*preferred)) {
      row.primary = *preferred;
      return SlotStep{row, true, true};
    }
    if (surplus_self) {
      for (const auto& node : row.in_sync) {
        if (node == s_.self || !is_alive(node)) continue;
        row.primary = node;
        return SlotStep{row, true, true};
      }
    }
    return std::nullopt;
  }

  const SlotSituation& s_;
};

}  // namespace

std::optional<SlotStep> plan_slot(const SlotSituation& situation) {
  return Planner(situation).plan();
}

}  // namespace gridmail
