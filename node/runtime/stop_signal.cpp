#include "node/runtime/stop_signal.hpp"

#include <algorithm>

namespace gridmail {

void StopSignal::set() {
  const std::lock_guard lock(mutex_);
  set_ = true;
  for (const auto& each : events_) {
    if (const auto event = each.lock()) event->set();
  }
}

void StopSignal::wake(const std::shared_ptr<Event>& event) {
  const std::lock_guard lock(mutex_);
  if (set_) return event->set();
  if (events_.size() >= sweep_at_) {
    std::erase_if(events_, [](const auto& each) { return each.expired(); });
    sweep_at_ = std::max<std::size_t>(64, 2 * events_.size());
  }
  events_.push_back(event);
}

}  // namespace gridmail
