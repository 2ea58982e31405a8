#include "gossip/register/recovery_plan.hpp"

namespace gridmail {
namespace {

constexpr std::uint64_t leap = 1'000'000;

NodeSet common(const NodeSet& a, const NodeSet& b) {
  NodeSet both;
  for (const auto& node : a) {
    if (b.contains(node)) both.insert(node);
  }
  return both;
}

/// The best a survivor still has, if any: the copy that others were to make whole, one that was removed while
/// whole, one that was still joining, one that was removed while joining.
std::optional<NodeId> best_left(const SlotRow& row) {
  if (row.combining) return row.combining;
  for (const auto* set : {&row.retired, &row.joining, &row.partial}) {
    if (!set->empty()) return *set->begin();
  }
  return std::nullopt;
}

}  // namespace

Result<Recovery> plan_recovery(const Map& last, const NodeSet& survivors, NodeId here) {
  Recovery recovery;
  Map& map = recovery.map;
  map = last;
  std::size_t storing = 0;
  for (const auto& node : survivors) {
    const auto* member = last.member(node);
    if (member == nullptr) return fail(Errc::invalid, "a node that is said to survive is no member");
    if (member->weight > 0) ++storing;
  }
  if (!survivors.contains(here) || last.member(here)->weight == 0)
    return fail(Errc::invalid, "this node stores no mail: a surviving one that does has to go on");

  map.version = last.version + leap;
  map.members.clear();
  for (const auto& member : last.members) {
    (survivors.contains(member.id) ? map.members : recovery.gone).push_back(member);
  }
  for (const auto& member : recovery.gone) map.removed.push_back(member.id);
  for (auto& member : map.members) {
    member.state = MemberState::active;  // nobody can leave or be drained now
    member.maintenance_until = 0;
    member.successor.reset();
    member.paused = false;
  }
  map.voters = {here};
  map.voters_before.clear();

  for (SlotId slot = 0; slot < map.rows.size(); ++slot) {
    auto& row = map.rows[slot];
    for (auto* set : {&row.in_sync, &row.joining, &row.retired, &row.partial}) *set = common(*set, survivors);
    if (row.combining && !survivors.contains(*row.combining)) row.combining.reset();
    if (row.in_sync.empty()) {
      const auto left = best_left(row);
      const NodeId holder = left.value_or(here);
      (left ? recovery.stale : recovery.lost).push_back(slot);
      for (auto* set : {&row.joining, &row.retired, &row.partial}) set->erase(holder);
      row.in_sync.insert(holder);
      row.primary.reset();
    }
    if (!row.primary || !row.in_sync.contains(*row.primary)) row.primary = *row.in_sync.begin();
    row.combining.reset();
    // With nobody to make a second copy it goes on alone, until somebody joins.
    if (storing == 1) row.paired = false;
    row.epoch += leap;
    row.epoch_since = map.version;
  }
  return recovery;
}

}  // namespace gridmail
