#include "gossip/membership/swim_settings.hpp"

#include <algorithm>
#include <cmath>

namespace gridmail {
namespace {

double log10_of(std::size_t members) {
  return std::max(1.0, std::log10(static_cast<double>(members) + 1));
}

}  // namespace

Duration suspicion_timeout(const SwimSettings& settings, std::size_t members) {
  const double periods = settings.suspicion_periods * log10_of(members);
  return std::chrono::duration_cast<Duration>(settings.probe_period * periods);
}

std::size_t transmission_limit(const SwimSettings& settings, std::size_t members) {
  return settings.transmissions * static_cast<std::size_t>(std::ceil(log10_of(members)));
}

}  // namespace gridmail
