#include "storage/queue/hop_rooms.hpp"

#include <utility>
#include <vector>

namespace gridmail {
namespace {

/// One place is free, but who waited may find nothing left that is due.
constexpr std::size_t called_by_one = 2;

}  // namespace

bool HopRooms::has_room(const Hop& hop, std::uint64_t sender) const {
  const auto found = hop.by_sender.find(sender);
  const bool are_few = found == hop.by_sender.end() || found->second < settings_.few;
  return hop.inside + (are_few ? 0 : settings_.kept_for_few) < settings_.each_max;
}

HopRooms::Entry HopRooms::enter(const std::string& hop, std::uint64_t sender,
                                const std::function<void()>& look) {
  const std::lock_guard lock(mutex_);
  if (inside_ >= settings_.all_max) return Entry::full;
  auto& state = hops_[hop];
  if (has_room(state, sender)) {
    ++state.inside;
    ++state.by_sender[sender];
    ++inside_;
    return Entry::inside;
  }
  if (!look) return Entry::waiting;
  if (waiting_ >= settings_.waiting_max) return Entry::full;
  state.waiting.push_back(look);
  ++waiting_;
  return Entry::waiting;
}

void HopRooms::leave(const std::string& hop, std::uint64_t sender) {
  std::vector<std::function<void()>> called;
  {
    const std::lock_guard lock(mutex_);
    const auto found = hops_.find(hop);
    auto& [inside, by_sender, waiting] = found->second;
    --inside;
    if (--by_sender.at(sender) == 0) by_sender.erase(sender);
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
