#include "gossip/membership/rumours.hpp"

#include <algorithm>

namespace gridmail {

std::vector<NodeId> Rumours::in_order() const {
  std::vector<NodeId> nodes;
  for (const auto& [node, times] : told_) nodes.push_back(node);
  std::stable_sort(nodes.begin(), nodes.end(),
                   [&](const NodeId& a, const NodeId& b) { return told_.at(a) < told_.at(b); });
  return nodes;
}

void Rumours::told(NodeId node, std::size_t limit) {
  const auto at = told_.find(node);
  if (at != told_.end() && ++at->second >= limit) told_.erase(at);
}

}  // namespace gridmail
