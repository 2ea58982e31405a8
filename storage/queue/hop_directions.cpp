#include "storage/queue/hop_directions.hpp"

#include "storage/queue/egress_choice.hpp"

namespace gridmail {
namespace {

constexpr Duration found_kept = std::chrono::seconds(1);
constexpr std::size_t known_max = 10'000;

}  // namespace

Task<HopDirections::Direction> HopDirections::find(std::string destination) {
  {
    const std::lock_guard lock(mutex_);
    const auto known = found_.find(destination);
    if (known != found_.end() && clock_.now() < known->second.until) co_return known->second.direction;
  }
  Direction direction;
  direction.hop = co_await remote_.next_hop(destination);
  direction.node = choose_egress(direction.hop, egress_.nodes());
  direction.here = direction.node == egress_.self;
  const std::lock_guard lock(mutex_);
  if (found_.size() >= known_max) found_.clear();
  found_.insert_or_assign(std::move(destination), Found{direction, clock_.now() + found_kept});
  co_return direction;
}

std::optional<HopPause> HopDirections::pause_of(const std::string& hop) const {
  const std::lock_guard lock(mutex_);
  const auto found = pauses_.find(hop);
  if (found == pauses_.end() || found->second.until <= clock_.now()) return std::nullopt;
  return found->second;
}

void HopDirections::pause(const std::string& hop, Duration duration, bool rests) {
  const std::lock_guard lock(mutex_);
  const auto now = clock_.now();
  if (pauses_.size() >= known_max)
    std::erase_if(pauses_, [&](const auto& pair) { return pair.second.until <= now; });
  pauses_.insert_or_assign(hop, HopPause{now + duration, clock_.wall(), rests});
}

}  // namespace gridmail
