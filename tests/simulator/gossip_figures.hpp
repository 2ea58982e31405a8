// What gossip is measured by: how soon a death is known to all, what an idle grid sends, and whether anybody
// who lives is ever declared dead. Each is the same for the same seed.
#pragma once
#include <cstdint>

#include "tests/simulator/gossip_grid.hpp"

namespace gridmail::sim {

/// From the crash of one node of a settled grid until every other node believes it dead. Never: the longest
/// duration there is.
[[nodiscard]] Duration time_to_agree_on_a_death(std::uint64_t seed, std::size_t members);

/// What one node of an idle grid sends, on average, in each second.
struct GossipRate {
  double messages = 0;
  double bytes = 0;
};
[[nodiscard]] GossipRate idle_traffic(std::uint64_t seed, std::size_t members);

struct Restlessness {
  double loss = 0.05;
  Duration pause_max = std::chrono::seconds(2);     ///< each node stands still for less than this…
  Duration pause_every = std::chrono::seconds(60);  ///< …so often, on average
};
struct FalseAlarms {
  std::size_t pauses = 0;
  std::size_t suspicions = 0;
  std::size_t deaths = 0;
};
/// Runs a grid in which nobody dies.
[[nodiscard]] FalseAlarms false_alarms(std::uint64_t seed, std::size_t members, Duration duration,
                                       Restlessness trouble = {});

}  // namespace gridmail::sim
