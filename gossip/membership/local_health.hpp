// LocalHealth: how far this node may trust its own probes (Lifeguard, section IV.A). It gets worse with
// probes that fail although the helpers could not be reached either, with suspicions of this very node, and
// when it stood still; better with each probe that is answered. In bad health it probes more slowly and waits
// longer.
#pragma once
#include <algorithm>

#include "node/base/clock.hpp"

namespace gridmail {

class LocalHealth {
 public:
  explicit LocalHealth(unsigned worst) : worst_(worst) {}
  void worsen(std::size_t by = 1) {
    score_ = std::min(worst_, score_ + static_cast<unsigned>(std::min<std::size_t>(by, worst_)));
  }
  void improve() { score_ -= score_ > 0 ? 1 : 0; }
  [[nodiscard]] Duration stretch(Duration duration) const { return duration * (1 + score_); }
  [[nodiscard]] unsigned score() const { return score_; }

 private:
  unsigned worst_;
  unsigned score_ = 0;  // 0: healthy
};

}  // namespace gridmail
