#include "node/jobs.hpp"

#include <fmt/format.h>

#include <map>

#include "gossip/placement/movement.hpp"

namespace gridmail {
namespace {

class Jobs {
 public:
  explicit Jobs(const Map& map) : map_(map) {}

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
    for (auto& [id, job] : jobs_) all.push_back(std::move(job));
    return all;
  }

 private:
  static constexpr std::string_view nobody_joins = "a node that can hold another copy";
  const Map& map_;
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

std::vector<Job> jobs_of(const Map& map, const std::vector<NodeSet>& targets) {
  GRIDMAIL_ASSERT(targets.size() == map.rows.size());
  Jobs jobs(map);
  for (const auto& member : map.members) {
    // Here until it is removed, also when its last copy has gone.
    if (member.state == MemberState::leaving) (void)jobs.job(leaving_kind(member), member.id);
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
