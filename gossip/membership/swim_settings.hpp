// The times and counts of SWIM and Lifeguard.
#pragma once
#include <chrono>
#include <cstddef>

#include "node/base/clock.hpp"

namespace gridmail {

struct SwimSettings {
  Duration probe_period = std::chrono::milliseconds(500);   ///< in full local health; longer in bad
  Duration probe_timeout = std::chrono::milliseconds(200);  ///< then others are asked to probe too
  std::size_t indirect_probes = 3;
  Duration dead_probe_period = std::chrono::seconds(3);  ///< one dead mapped member each, in turn
  Duration gossip_period =
      std::chrono::milliseconds(200);  ///< while there is news, it is also told without a probe…
  std::size_t gossip_nodes = 3;        ///< …to this many
  std::size_t transmissions = 8;       ///< of one update, times log10 of the members
  std::size_t old_news = 2;            ///< records of others that go along with each datagram, in turn
  Duration exchange_period = std::chrono::seconds(20);  ///< push-pull with a member at random

  Duration pause_max = std::chrono::seconds(2);  ///< who stands still for less is not declared dead
  std::size_t confirmations = 3;                 ///< by others, that make a suspicion as short as it may be
  double suspicion_factor = 3;                   ///< how many times longer it lasts with none
  std::size_t tellers = 12;  ///< of those who hear of a suspicion so many tell the suspect
  unsigned health_max = 8;   ///< of the local health multiplier: the period grows up to 9 times
  Duration late_max = std::chrono::milliseconds(250);  ///< a timer later than this: this node stood still
};

/// How long a suspect may take to refute at least: its pause and the spreading of the news (SWIM, section
/// 4.2).
[[nodiscard]] Duration suspicion_min(const SwimSettings& settings, std::size_t members);

/// How often one update is piggybacked before it is dropped (SWIM, section 4.1).
[[nodiscard]] std::size_t transmission_limit(const SwimSettings& settings, std::size_t members);

}  // namespace gridmail
