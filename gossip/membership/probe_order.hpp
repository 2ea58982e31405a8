// Whom to probe next: everybody once, in an order drawn anew for each round (SWIM, section 4.3), so that a
// failure is found within a bounded time.
#pragma once
#include <algorithm>
#include <optional>
#include <vector>

#include "node/base/ids.hpp"
#include "node/base/random.hpp"

namespace gridmail {

class ProbeOrder {
 public:
  /// The next of `candidates`; those that are no longer among them are passed over. Nothing when there are
  /// none.
  [[nodiscard]] std::optional<NodeId> next(const std::vector<NodeId>& candidates, Random& random) {
    for (int round = 0; round < 2; ++round) {
      while (!order_.empty()) {
        const NodeId node = order_.back();
        order_.pop_back();
        if (std::find(candidates.begin(), candidates.end(), node) != candidates.end()) return node;
      }
      order_ = candidates;
      for (std::size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[random.below(i)]);
    }
    return std::nullopt;
  }

 private:
  std::vector<NodeId> order_;
};

}  // namespace gridmail
