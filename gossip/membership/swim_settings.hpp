// The times and counts of SWIM.
#pragma once
#include <chrono>
#include <cstddef>

#include "node/base/clock.hpp"

namespace gridmail {

struct SwimSettings {
  Duration probe_period = std::chrono::seconds(1);
  Duration probe_timeout = std::chrono::milliseconds(400);  ///< then others are asked to probe too
  std::size_t indirect_probes = 3;
  Duration dead_probe_period = std::chrono::seconds(3);  ///< one dead mapped member each, in turn
  Duration gossip_period =
      std::chrono::milliseconds(200);  ///< while there is news, it is also told without a probe…
  std::size_t gossip_nodes = 3;        ///< …to this many
  Duration exchange_period = std::chrono::seconds(20);  ///< push-pull with a member at random
  double suspicion_periods = 2;                         ///< times log10 of the members
  std::size_t transmissions = 8;                        ///< of one update, times log10 of the members
};

/// How long a suspect may take to refute (SWIM, section 4.2). Lifeguard's dynamic timeout (Dadgar et al.
/// 2018) belongs here.
[[nodiscard]] Duration suspicion_timeout(const SwimSettings& settings, std::size_t members);

/// How often one update is piggybacked before it is dropped (SWIM, section 4.1).
[[nodiscard]] std::size_t transmission_limit(const SwimSettings& settings, std::size_t members);

}  // namespace gridmail
