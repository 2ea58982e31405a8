#include "node/jobs.hpp"

#include <fmt/format.h>

#include <map>

#include "gossip/placement/movement.hpp"
#include "gossip/register/voter_plan.hpp"

namespace gridmail {
namespace {

class Jobs {
 public:
  Jobs(const Map& map, const std::function<bool(NodeId)>& is_alive,
       const std::function<bool(NodeId)>& is_full)
      : map_(map), is_alive_(is_alive), is_full_(is_full) {}

  Job& job(JobKind kind, std::optional<NodeId> node) {
    const auto* member = node ? map_.member(*node) : nullptr;
    std::string id(name_of(kind));
    if (member != nullptr) id += "-" + member->name;
    auto& job = jobs_[id];
    job.kind = kind;
    job.node = node;
    job.id = id;
    if (member != nullptr) job.paused = member->paused;
    return job;
  }
  void count(JobKind kind, std::optional<NodeId> node, const SlotRow& row, bool held) {
    auto& one = job(kind, node);
    ++one.slots_left;
    if (row.primary) one.run_by.insert(*row.primary);
    const bool leaves = kind == JobKind::remove || kind == JobKind::replace;
    if (!held && !one.paused) note_without_room(one.id, row, leaves);
    if (leaves && !one.paused && !can_be_elsewhere(row)) one.waits_for = nobody_joins;
    if (kind != JobKind::rebuild && kind != JobKind::copies) return;
    if (held) {
      one.waits_for = one.paused ? "" : "the end of the maintenance";
    } else if (row.joining.empty() && one.waits_for.empty() && one.slots_left == 1) {
      one.waits_for = nobody_joins;
    } else if (!row.joining.empty() && one.waits_for == nobody_joins) {
      one.waits_for.clear();
    }
  }
  [[nodiscard]] std::vector<Job> take() {
    std::vector<Job> all;
    for (auto& [id, job] : jobs_) {
      if (without_room_.contains(id)) job.waits_for = room_on(without_room_[id]);
      all.push_back(std::move(job));
    }
    return all;
  }

 private:
  static constexpr std::string_view nobody_joins = "a node that can hold another copy";
  /// Another copy is made of it, or is there already, or somebody lives who could hold one.
  [[nodiscard]] bool can_be_elsewhere(const SlotRow& row) const {
    return !row.joining.empty() || row.in_sync.size() > map_.settings.copies ||
           std::any_of(map_.members.begin(), map_.members.end(), [&](const Member& member) {
             return member.stores() && !row.holds(member.id) && is_alive_(member.id);
           });
  }
  /// A copy that joins is not filled on a full disk; none joins there to take the place of one that leaves.
  void note_without_room(const std::string& job, const SlotRow& row, bool leaves) {
    for (const auto& node : row.joining) {
      if (is_full_(node)) without_room_[job].insert(node);
    }
    if (!leaves || !row.joining.empty() || row.in_sync.size() > map_.settings.copies) return;
    NodeSet full;
    for (const auto& member : map_.members) {
      if (!member.stores() || row.holds(member.id) || !is_alive_(member.id)) continue;
      if (!is_full_(member.id)) return;
      full.insert(member.id);
    }
    for (const auto& node : full) without_room_[job].insert(node);
  }
  [[nodiscard]] std::string room_on(const NodeSet& nodes) const {
    std::string names;
    for (const auto& member : map_.members) {
      if (nodes.contains(member.id)) names += (names.empty() ? "" : ", ") + member.name;
    }
    return "room on the disk of " + names;
  }
  const Map& map_;
  const std::function<bool(NodeId)>& is_alive_;
  const std::function<bool(NodeId)>& is_full_;
  std::map<std::string, NodeSet> without_room_;  ///< by job
  std::map<std::string, Job> jobs_;
};

JobKind leaving_kind(const Member& member) {
  return member.successor ? JobKind::replace : JobKind::remove;
}

}  // namespace

std::string_view name_of(JobKind kind) {
  switch (kind) {
    case JobKind::drain:
      return "drain";
    case JobKind::remove:
      return "remove";
    case JobKind::replace:
      return "replace";
    case JobKind::rebuild:
      return "rebuild";
    case JobKind::copies:
      return "copies";
    case JobKind::balance:
      return "balance";
  }
  return "balance";
}

std::vector<Job> jobs_of(const Map& map, const std::vector<NodeSet>& targets,
                         const std::function<bool(NodeId)>& is_alive,
                         const std::function<bool(NodeId)>& is_full) {
  GRIDMAIL_ASSERT(targets.size() == map.rows.size());
  Jobs jobs(map, is_alive, is_full);
  for (const auto& member : map.members) {
    // Here until it is removed, also when its last copy has gone.
    if (member.state == MemberState::leaving) (void)jobs.job(leaving_kind(member), member.id);
    if (member.maintenance_until != 0 && passes_vote_on(map, member.id, is_alive))
      jobs.job(JobKind::drain, member.id).waits_for = "another node to vote in its place";
  }
  if (map.settings.balance_paused) jobs.job(JobKind::balance, {}).paused = true;
  for (std::size_t i = 0; i < map.rows.size(); ++i) {
    const SlotRow& row = map.rows[i];
    for (const auto& member : map.members) {
      if (member.state == MemberState::leaving) {
        if (row.holds(member.id)) jobs.count(leaving_kind(member), member.id, row, false);
      } else if (!member.may_be_primary() && row.primary == member.id) {
        jobs.count(JobKind::drain, member.id, row, false);
      }
    }
    const auto movement = movement_of(map, row, targets[i]);
    if (movement.cause == MovementCause::rebuild) {
      jobs.count(movement.node ? JobKind::rebuild : JobKind::copies, movement.node, row, movement.held);
    } else if (movement.cause == MovementCause::balance) {
      jobs.count(JobKind::balance, {}, row, false);
    }
  }
  return jobs.take();
}

}  // namespace gridmail
