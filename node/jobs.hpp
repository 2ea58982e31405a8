// Jobs: what moves in the grid, read off the map and the plan. Nobody in particular runs one: every primary
// does its own slots' part, so a job outlives any node, and every node can tell of it. Pure.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gossip/register/map.hpp"

namespace gridmail {

enum class JobKind : std::uint8_t {
  drain,    ///< primaries leave `node`, and its vote where it is away by plan and another can have it
  remove,   ///< copies leave `node`, which is then removed
  replace,  ///< likewise, with a successor
  rebuild,  ///< copies that `node` held are made anew
  copies,   ///< slots that never had enough copies get them
  balance,  ///< copies move to share the load
};
[[nodiscard]] std::string_view name_of(JobKind kind);

struct Job {
  JobKind kind = JobKind::balance;
  std::optional<NodeId> node;
  std::string id;  ///< the same on all nodes, such as "remove-node3"
  std::size_t slots_left = 0;
  bool paused = false;
  std::string waits_for;  ///< what holds it though it is not paused; empty: nothing
  NodeSet run_by;         ///< the primaries of the slots left
};

/// By id. `targets`: the planned copies of each row. `is_full`: whose disk is at its reserve.
[[nodiscard]] std::vector<Job> jobs_of(
    const Map& map, const std::vector<NodeSet>& targets, const std::function<bool(NodeId)>& is_alive,
    const std::function<bool(NodeId)>& is_full = [](NodeId) { return false; });

}  // namespace gridmail
