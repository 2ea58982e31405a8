#include "storage/replication/slot_plan.hpp"

#include "gossip/placement/planner.hpp"

namespace gridmail {
namespace {

class Planner {
 public:
  explicit Planner(const SlotSituation& situation) : s_(situation) {}

  std::optional<SlotStep> plan() {
    if (s_.row.primary == s_.self) return as_primary();
    if (s_.row.in_sync.contains(s_.self) && s_.row.primary) return as_backup();
    return std::nullopt;
  }

 private:
  /// And not just found wanting.
  [[nodiscard]] bool is_alive(NodeId node) const { return s_.is_alive(node) && !s_.stuck.contains(node); }
  [[nodiscard]] bool is_dead(NodeId node) const { return s_.is_dead(node) || s_.stuck.contains(node); }
  [[nodiscard]] std::size_t copies() const { return s_.map.settings.copies; }

  /// A joining copy for `row`, when it lacks one: a whole retired copy that lives needs least; then one that
  /// holds a part; then the planned node; then the best of the rest.
  [[nodiscard]] std::optional<NodeId> candidate(const SlotRow& row) const {
    if (row.in_sync.size() + row.joining.size() >= copies()) return std::nullopt;
    for (const auto* set : {&row.retired, &row.partial}) {
      for (const auto& node : *set) {
        if (is_alive(node) && stores(node)) return node;
      }
    }
    if (s_.target != nullptr) {
      for (const auto& node : *s_.target) {
        if (!row.holds(node) && is_alive(node)) return node;
      }
    }
    NodeSet exclude;
    for (const auto& node : row.in_sync) exclude.insert(node);
    for (const auto& node : row.joining) exclude.insert(node);
    return replacement(s_.map, s_.slot, exclude, [this](NodeId node) { return is_alive(node); });
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
    if (!is_dead(*s_.row.primary)) return std::nullopt;
    SlotRow row = s_.row;
    row.in_sync.erase(*s_.row.primary);
    row.retired.insert(*s_.row.primary);
    row.primary = s_.self;
    if (const auto node = candidate(row)) join(row, *node);
    return SlotStep{row, false, false};
  }

  std::optional<SlotStep> as_primary() const {
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

  std::optional<SlotStep> remove_dead() const {
    SlotRow row = s_.row;
    for (const auto& node : s_.row.in_sync) {
      if (node == s_.self || !is_dead(node)) continue;
      row.in_sync.erase(node);
      row.retired.insert(node);
    }
    for (const auto& node : s_.row.joining) {
      if (!is_dead(node)) continue;
      row.joining.erase(node);
      row.partial.insert(node);
    }
    if (row == s_.row && (!s_.opened || row.in_sync.size() + row.joining.size() >= copies()))
      return std::nullopt;
    if (const auto node = candidate(row)) join(row, *node);
    if (row == s_.row) return std::nullopt;
    return SlotStep{row, false, false};
  }

  /// The lost copy is back before its replacement has begun: it needs less.
  std::optional<SlotStep> replace_joining() const {
    for (const auto& joining : s_.row.joining) {
      if (s_.complete.contains(joining) || s_.filling.contains(joining)) continue;
      for (const auto& retired : s_.row.retired) {
        if (!is_alive(retired) || !stores(retired)) continue;
        SlotRow row = s_.row;
        row.joining.erase(joining);
        row.partial.insert(joining);
        join(row, retired);
        return SlotStep{row, false, false};
      }
    }
    return std::nullopt;
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
        if (row.holds(node) || !is_alive(node)) continue;
        join(row, node);
        return SlotStep{row, false, true};
      }
    }
    if (!surplus_self && !s_.may_move) return std::nullopt;
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
