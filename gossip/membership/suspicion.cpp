#include "gossip/membership/suspicion.hpp"

#include <algorithm>
#include <cmath>

namespace gridmail {

bool Suspicion::confirm(NodeId node) {
  if (by_.contains(node) || by_.size() > terms_.confirmations) return false;
  by_.insert(node);
  return true;
}

TimePoint Suspicion::ends() const {
  if (terms_.confirmations == 0) return began_ + terms_.min;
  const auto confirmed = static_cast<double>(by_.empty() ? 0 : by_.size() - 1);
  const double share = std::log(confirmed + 1) / std::log(static_cast<double>(terms_.confirmations) + 1);
  const auto saved = std::chrono::duration_cast<Duration>((terms_.max - terms_.min) * std::min(share, 1.0));
  return began_ + (terms_.max - saved);
}

}  // namespace gridmail
