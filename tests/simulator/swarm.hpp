// Swarm: random schedules of faults. Each seed draws a random subset of the kinds of fault and random
// settings (Groce et al., "Swarm Testing", ISSTA 2012): what all kinds together would hide, some subset
// shows.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/simulator/load.hpp"

namespace gridmail::sim {

enum class FaultKind : std::uint8_t {
  crash,             ///< and a return later
  crash_at_commit,   ///< in the middle of a write
  crash_rebuilding,  ///< of a node that rebuilds a copy, or from which one is rebuilt
  power_loss,        ///< of all nodes; they return one by one
  pause,             ///< for longer than a lease, or less
  slow_node,
  one_way,        ///< nodes hear one another in one direction only
  cut_off,        ///< one node is alone
  two_isolated,   ///< two nodes reach each other only
  bridge,         ///< two halves that only one node joins
  flapping,       ///< a link comes and goes
  disk_hang,      ///< without an error
  disk_error,     ///< EIO: the node stops itself
  disk_full,      ///< but for what is kept for deletions
  disks_swapped,  ///< between two nodes, and their identities with them
  blank_disk,     ///< the node is gone for good
  node_joins,
  node_drains,      ///< or leaves, and stays after all
  wall_jump,        ///< of the clock that shows dates
  settings_change,  ///< copies_min
  bit_rot,          ///< a record cannot be read
  old_disk,         ///< an image of the disk, taken earlier, is put back
  count_,
};

/// What one seed does. Drawn from the seed alone.
struct SwarmPlan {
  std::vector<NodeTraits> nodes;
  std::vector<FaultKind> kinds;
  std::size_t faults = 0;       ///< how many are injected
  std::uint64_t loads_max = 0;  ///< steps of load between two of them
  std::uint64_t lasts_max_ms = 0;
};

/// How much a swarm may destroy.
enum class Budget : std::uint8_t {
  one_copy,   ///< never the last in-sync copy of a slot: everything must survive
  last_copy,  ///< also the last in-sync copy, while others hold what it holds between them
  unlimited,  ///< whatever is left must be right, and nothing that is lost may be taken for empty
};
struct SwarmRules {
  Budget budget = Budget::one_copy;
  bool old_disks = false;
  bool bit_rot = false;
};

/// Draws the plan, and with it settings of the world.
[[nodiscard]] SwarmPlan draw_swarm(std::uint64_t seed, const SwarmRules& rules, WorldOptions& options);
/// Carries it out on a grid that is up.
void run_swarm(World& world, Load& load, const SwarmPlan& plan, const SwarmRules& rules);

}  // namespace gridmail::sim
