#include "storage/queue/destination_lanes.hpp"

#include <algorithm>
#include <asio/this_coro.hpp>

namespace gridmail {

bool DestinationLanes::has_room(const std::string& hop) const {
  const std::lock_guard lock(mutex_);
  const auto found = hops_.find(hop);
  return found == hops_.end() || found->second.waiters.size() < settings_.waiting_max;
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

Task<std::optional<DestinationLanes::Lane>> DestinationLanes::enter(std::string hop) {
  const auto waiter = std::make_shared<Waiter>();
  waiter->turn = std::make_shared<Event>(co_await asio::this_coro::executor);
  {
    const std::lock_guard lock(mutex_);
    if (hops_.size() >= settings_.hops_max) forget_idle();
    auto& state = hops_[hop];
    if (state.lanes == 0) state.lanes = settings_.lanes_first;
    if (clock_.now() < state.rests_until) co_return std::nullopt;
    state.waiters.push_back(waiter);
    grant(state);
  }
  try {
    co_await waiter->turn->wait();
  } catch (...) {
    bool granted = false;  // it may have come at the same moment, and is then given back
    {
      const std::lock_guard lock(mutex_);
      granted = waiter->granted;
      if (const auto found = hops_.find(hop); found != hops_.end()) std::erase(found->second.waiters, waiter);
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
    for (const auto& waiter : hop.waiters) {
      waiter->refused = true;
      waiter->turn->set();
    }
    hop.waiters.clear();
  }
  grant(hop);
}

void DestinationLanes::grant(Hop& hop) {
  while (!hop.waiters.empty() && hop.busy < hop.lanes) {
    const auto next = std::move(hop.waiters.front());
    hop.waiters.pop_front();
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
    return hop.busy == 0 && hop.waiters.empty() && hop.rests_until <= now;
  });
}

DestinationLanes::View DestinationLanes::view(const std::string& hop) const {
  const std::lock_guard lock(mutex_);
  const auto found = hops_.find(hop);
  if (found == hops_.end()) return {};
  const auto& state = found->second;
  return {state.lanes, state.busy, state.waiters.size(), clock_.now() < state.rests_until};
}

}  // namespace gridmail
