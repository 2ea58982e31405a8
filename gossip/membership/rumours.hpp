// Rumours: news of nodes that still has to be piggybacked (SWIM, section 4.1): the least told first, each a
// limited number of times, the newest of each node only.
#pragma once
#include <map>
#include <vector>

#include "node/base/ids.hpp"

namespace gridmail {

class Rumours {
 public:
  /// There is fresh news of this node.
  void spread(NodeId node) { told_[node] = 0; }
  void forget(NodeId node) { told_.erase(node); }
  [[nodiscard]] bool empty() const { return told_.empty(); }
  /// The nodes there is news of, in the order in which to tell.
  [[nodiscard]] std::vector<NodeId> in_order() const;
  /// It was told once more.
  void told(NodeId node, std::size_t limit);

 private:
  std::map<NodeId, std::size_t> told_;
};

}  // namespace gridmail
