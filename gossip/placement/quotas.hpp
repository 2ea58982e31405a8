// How many slots each node should have: its weight's share, in whole numbers. Pure.
#pragma once
#include <cstdint>
#include <vector>

namespace gridmail {

/// One node as the planners see it. Zones are counted from 0.
struct Storer {
  std::uint32_t weight = 0;
  std::size_t zone = 0;
};

/// Shares of `total` in proportion to weight, no node above `node_max` and no zone above `zone_max` (what a
/// full one cannot take goes to the others); the sum is below `total` only when all are full. Shares are
/// rounded down or up. Those that hold more than their share rounded down already, as `present` says, are
/// rounded up first, so that rounding alone never moves a slot; among equals those that have most in sync, so
/// that all get about as many more.
[[nodiscard]] std::vector<std::size_t> quotas(const std::vector<Storer>& storers, std::size_t total,
                                              std::size_t node_max, std::size_t zone_max,
                                              const std::vector<std::size_t>& present,
                                              const std::vector<std::size_t>& in_sync);

}  // namespace gridmail
