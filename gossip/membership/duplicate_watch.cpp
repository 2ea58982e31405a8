#include "gossip/membership/duplicate_watch.hpp"

#include <algorithm>
#include <utility>

namespace gridmail {

void DuplicateWatch::saw(std::uint64_t session, std::uint64_t counter, TimePoint now) {
  auto& [current, other] = lives_;
  if (session == current.session) {
    current.highest = std::max(current.highest, counter);
    return;
  }
  if (session != other.session) {  // a new life, or one forgotten long ago
    other = std::exchange(current, Life{session, counter});
    turns_ = 0;
    last_turn_ = now;
    return;
  }
  if (counter <= other.highest) return;
  other.highest = counter;
  std::swap(current, other);
  if (now - last_turn_ < turn_min) return;
  ++turns_;
  last_turn_ = now;
}

}  // namespace gridmail
