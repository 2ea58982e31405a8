#include "gossip/placement/quotas.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace gridmail {
namespace {

using Counts = std::vector<std::size_t>;

/// Divides `total` by weight, none above its cap: fills the full ones, then divides the rest anew.
std::vector<double> divide(const std::vector<double>& weights, const Counts& caps, std::size_t total) {
  std::vector<double> given(weights.size(), 0);
  std::vector<bool> full(weights.size(), false);
  for (bool again = true; again;) {
    again = false;
    auto rest = static_cast<double>(total);
    double weight = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (full[i]) {
        rest -= given[i];
      } else {
        weight += weights[i];
      }
    }
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (full[i]) continue;
      given[i] = weight > 0 ? std::max(0.0, rest) * weights[i] / weight : 0;
      if (given[i] <= static_cast<double>(caps[i])) continue;
      given[i] = static_cast<double>(caps[i]);
      full[i] = again = true;
    }
  }
  return given;
}

Counts round(const std::vector<double>& shares, const Counts& present, const Counts& in_sync) {
  constexpr double noise = 1e-6;  // of the divisions above
  Counts whole(shares.size());
  std::vector<double> fraction(shares.size());
  for (std::size_t i = 0; i < shares.size(); ++i) {
    whole[i] = static_cast<std::size_t>(std::floor(shares[i] + noise));
    fraction[i] = std::max(0.0, shares[i] - static_cast<double>(whole[i]));
  }
  Counts order(shares.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const bool a_holds = present[a] > whole[a];
    const bool b_holds = present[b] > whole[b];
    if (a_holds != b_holds) return a_holds;
    const auto [first, second] =
        std::pair(std::llround(fraction[a] / noise), std::llround(fraction[b] / noise));
    return first != second ? first > second : in_sync[a] > in_sync[b];
  });
  const double sum = std::accumulate(fraction.begin(), fraction.end(), 0.0);
  auto rest = static_cast<std::size_t>(std::llround(sum));
  for (const auto i : order) {
    if (rest == 0) break;
    if (fraction[i] <= noise) continue;
    ++whole[i];
    --rest;
  }
  return whole;
}

}  // namespace

// Zones first and nodes within them after, so that rounding never gives a zone more than it can hold.
Counts quotas(const std::vector<Storer>& storers, std::size_t total, std::size_t node_max,
              std::size_t zone_max, const Counts& present, const Counts& in_sync) {
  std::size_t zones = 0;
  for (const auto& storer : storers) zones = std::max(zones, storer.zone + 1);
  std::vector<Counts> members(zones);
  std::vector<double> zone_weights(zones, 0);
  Counts zone_caps(zones, 0);
  Counts zone_present(zones, 0);
  Counts zone_in_sync(zones, 0);
  for (std::size_t i = 0; i < storers.size(); ++i) {
    const auto zone = storers[i].zone;
    members[zone].push_back(i);
    zone_weights[zone] += storers[i].weight;
    zone_caps[zone] = std::min(zone_max, zone_caps[zone] + node_max);
    zone_present[zone] += present[i];
    zone_in_sync[zone] += in_sync[i];
  }
  const auto zone_quotas = round(divide(zone_weights, zone_caps, total), zone_present, zone_in_sync);

  Counts result(storers.size(), 0);
  for (std::size_t zone = 0; zone < zones; ++zone) {
    std::vector<double> weights;
    Counts held;
    Counts held_in_sync;
    for (const auto i : members[zone]) {
      weights.push_back(storers[i].weight);
      held.push_back(present[i]);
      held_in_sync.push_back(in_sync[i]);
    }
    const auto given =
        round(divide(weights, Counts(weights.size(), node_max), zone_quotas[zone]), held, held_in_sync);
    for (std::size_t k = 0; k < given.size(); ++k) result[members[zone][k]] = given[k];
  }
  return result;
}

}  // namespace gridmail
