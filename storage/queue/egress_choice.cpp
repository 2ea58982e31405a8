#include "storage/queue/egress_choice.hpp"

#include "gossip/placement/rendezvous.hpp"
#include "node/base/bytes.hpp"

namespace gridmail {

std::optional<NodeId> choose_egress(std::string_view hop, const std::vector<NodeId>& nodes) {
  constexpr std::uint32_t weight = 100;  // all alike
  const auto place = slot_of(hop, UINT32_MAX);
  std::optional<NodeId> best;
  double best_score = 0;
  for (const auto& node : nodes) {
    const double score = rendezvous_score(place, node, weight);
    if (best && (score < best_score || (score == best_score && node < *best))) continue;
    best = node;
    best_score = score;
  }
  return best;
}

}  // namespace gridmail
