#include "storage/queue/hop_rooms.hpp"

#include <utility>
#include <vector>

namespace gridmail {
namespace {

/// One place is free, but who waited may find nothing left that is due.
constexpr std::size_t called_by_one = 2;

}  // namespace

HopRooms::Entry HopRooms::enter(const std::string& hop, const std::function<void()>& look) {
  const std::lock_guard lock(mutex_);
  if (inside_ >= settings_.all_max) return Entry::full;
  auto& state = hops_[hop];
  if (state.inside < settings_.each_max) {
    ++state.inside;
    ++inside_;
    return Entry::inside;
  }
  if (waiting_ >= settings_.waiting_max) return Entry::full;
  state.waiting.push_back(look);
  ++waiting_;
  return Entry::waiting;
}

void HopRooms::leave(const std::string& hop) {
  std::vector<std::function<void()>> called;
  {
    const std::lock_guard lock(mutex_);
    const auto found = hops_.find(hop);
    auto& [inside, waiting] = found->second;
    --inside;
    --inside_;
    const auto calls = inside < settings_.called_below ? called_by_one : 0;
    while (!waiting.empty() && (called.size() < calls || inside == 0)) {
      called.push_back(std::move(waiting.front()));
      waiting.pop_front();
      --waiting_;
    }
    if (inside == 0) hops_.erase(found);
  }
  for (const auto& look : called) look();
}

}  // namespace gridmail
