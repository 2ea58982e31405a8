#include "storage/queue/destination_lanes.hpp"

#include <algorithm>
#include <asio/this_coro.hpp>

namespace gridmail {

void DestinationLanes::Waiters::add(std::uint64_t sender, WaiterPtr waiter) {
  auto& queue = by_sender[sender];
  if (queue.empty()) turns.push_back(sender);
  queue.push_back(std::move(waiter));
  ++count;
}

DestinationLanes::WaiterPtr DestinationLanes::Waiters::take() {
  const auto sender = turns.front();
  turns.pop_front();
  const auto found = by_sender.find(sender);
  auto next = std::move(found->second.front());
  found->second.pop_front();
  --count;
  if (found->second.empty()) {
    by_sender.erase(found);
  } else {
    turns.push_back(sender);
  }
  return next;
}

void DestinationLanes::Waiters::remove(std::uint64_t sender, const WaiterPtr& waiter) {
  const auto found = by_sender.find(sender);
  if (found == by_sender.end()) return;
  count -= std::erase(found->second, waiter);
  if (!found->second.empty()) return;
  by_sender.erase(found);
  std::erase(turns, sender);
}

std::size_t DestinationLanes::Waiters::count_of(std::uint64_t sender) const {
  const auto found = by_sender.find(sender);
  return found == by_sender.end() ? 0 : found->second.size();
}

bool DestinationLanes::has_room(const std::string& hop, std::uint64_t sender) const {
  const std::lock_guard lock(mutex_);
  const auto found = hops_.find(hop);
  if (found == hops_.end()) return true;
  const auto& waiters = found->second.waiters;
  const auto kept = waiters.count_of(sender) < settings_.few ? 0 : settings_.kept_for_few;
  return waiters.count + kept < settings_.waiting_max;
}

std::optional<HopPause> DestinationLanes::rest_of(const std::string& hop) const {
  const std::lock_guard lock(mutex_);
  const auto found = hops_.find(hop);
  if (found == hops_.end() || found->second.rests_until <= clock_.now()) return std::nullopt;
  return HopPause{found->second.rests_until, found->second.rests_since, true};
}

void DestinationLanes::wake(const std::string& hop, WallMicros asked_at) {
  const std::lock_guard lock(mutex_);
  const auto found = hops_.find(hop);
  if (found != hops_.end() && found->second.rests_since < asked_at) found->second.rests_until = clock_.now();
}

Task<std::optional<DestinationLanes::Lane>> DestinationLanes::enter(std::string hop, std::uint64_t sender) {
  const auto waiter = std::make_shared<Waiter>();
  waiter->turn = std::make_shared<Event>(co_await asio::this_coro::executor);
  {
    const std::lock_guard lock(mutex_);
    if (hops_.size() >= settings_.hops_max) forget_idle();
    auto& state = hops_[hop];
    if (state.lanes == 0) state.lanes = settings_.lanes_first;
    if (clock_.now() < state.rests_until) co_return std::nullopt;
    state.waiters.add(sender, waiter);
    grant(state);
  }
  try {
    co_await waiter->turn->wait();
  } catch (...) {
    bool granted = false;  // it may have come at the same moment, and is then given back
    {
      const std::lock_guard lock(mutex_);
      granted = waiter->granted;
      if (const auto found = hops_.find(hop); found != hops_.end())
        found->second.waiters.remove(sender, waiter);
    }
    if (granted) leave(hop, std::nullopt);
    throw;
  }
  if (waiter->refused) co_return std::nullopt;
  co_return Lane(this, std::move(hop));
}

void DestinationLanes::leave(const std::string& name, std::optional<bool> reached) {
  const std::lock_guard lock(mutex_);
  auto& hop = hops_.at(name);
  --hop.busy;
  if (reached == true) {
    hop.rest = Duration{0};
    hop.lanes = std::min(hop.lanes + 1, settings_.lanes_max);
  } else if (reached == false) {
    hop.lanes = std::max<std::size_t>(hop.lanes / 2, 1);
    hop.rest = std::clamp(hop.rest * 2, settings_.rest_first, settings_.rest_max);
    hop.rests_until = clock_.now() + hop.rest;
    hop.rests_since = clock_.wall();
    while (hop.waiters.count > 0) {
      const auto waiter = hop.waiters.take();
      waiter->refused = true;
      waiter->turn->set();
    }
  }
  grant(hop);
}

void DestinationLanes::grant(Hop& hop) {
  while (hop.waiters.count > 0 && hop.busy < hop.lanes) {
    const auto next = hop.waiters.take();
    ++hop.busy;
    next->granted = true;
    next->turn->set();
  }
}

/// What was learnt of hops that nobody uses now is learnt again when they are.
void DestinationLanes::forget_idle() {
  const auto now = clock_.now();
  std::erase_if(hops_, [&](const auto& pair) {
    const auto& hop = pair.second;
    return hop.busy == 0 && hop.waiters.count == 0 && hop.rests_until <= now;
  });
}

DestinationLanes::View DestinationLanes::view(const std::string& hop) const {
  const std::lock_guard lock(mutex_);
  const auto found = hops_.find(hop);
  if (found == hops_.end()) return {};
  const auto& state = found->second;
  return {state.lanes, state.busy, state.waiters.count, clock_.now() < state.rests_until};
}

}  // namespace gridmail
