#include "gossip/membership/swim_settings.hpp"

#include <algorithm>
#include <cmath>

namespace gridmail {
namespace {

double log10_of(std::size_t members) {
  return std::max(1.0, std::log10(static_cast<double>(members) + 1));
}

}  // namespace

/// News reaches about four times as many nodes in each gossip period.
Duration suspicion_min(const SwimSettings& settings, std::size_t members) {
  const double rounds = std::log(static_cast<double>(std::max<std::size_t>(members, 1))) / std::log(4.0);
  return settings.pause_max + settings.gossip_period * std::max(1, static_cast<int>(rounds));
}

std::size_t transmission_limit(const SwimSettings& settings, std::size_t members) {
  return settings.transmissions * static_cast<std::size_t>(std::ceil(log10_of(members)));
}

}  // namespace gridmail
