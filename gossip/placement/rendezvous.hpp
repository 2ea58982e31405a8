// Weighted rendezvous hashing (Thaler and Ravishankar 1998; weights after Schindelhauer and Schomaker 2005):
// each node has a score for each slot, and the highest scores hold it. A node that comes or goes moves only
// its own share.
#pragma once
#include <cstdint>

#include "node/base/ids.hpp"

namespace gridmail {

/// -weight / ln(h), h in (0, 1) drawn from (slot, node). 0 for weight 0.
[[nodiscard]] double rendezvous_score(SlotId slot, NodeId node, std::uint32_t weight);

}  // namespace gridmail
