// Ballots of the register.
#pragma once
#include <algorithm>
#include <compare>
#include <cstdint>

#include "node/base/ids.hpp"

namespace gridmail {

/// Ordered by round, then by node. `start` is drawn when a proposer is made: a node that restarts can never
/// meet a ballot of its former life and take it for its own.
struct Ballot {
  std::uint64_t round = 0;  ///< 0: below every proposer's ballot
  NodeId node;
  std::uint64_t start = 0;
  auto operator<=>(const Ballot&) const = default;
};

}  // namespace gridmail
