// How evenly the others share in making a dead node's copies anew: who sends how many, and who receives them.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gridmail::sim {

/// Copies, over every death that one node of a settled grid may die.
struct RebuildShares {
  double even = 0;  ///< what each of the others would send, and receive, if copies could be divided
  std::size_t received_max = 0;
  std::size_t sent_max = 0;
  std::size_t both_max = 0;  ///< sent and received by one node; twice `even` would be its even share
};

/// The grid has grown from one node, one at a time, and was settled before each. Every primary plans from a
/// map that holds what others have asked for by then.
[[nodiscard]] RebuildShares rebuild_shares(std::size_t members, std::uint32_t slots);

}  // namespace gridmail::sim
