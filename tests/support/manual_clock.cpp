#include "tests/support/manual_clock.hpp"

namespace gridmail::testing {

struct ManualClock::Pending final : Clock::Alarm {
  Pending(std::weak_ptr<std::map<Key, std::function<void()>>> owner, Key own_key)
      : alarms(std::move(owner)), key(own_key) {}
  ~Pending() override {
    if (const auto open = alarms.lock()) open->erase(key);
  }
  std::weak_ptr<std::map<Key, std::function<void()>>> alarms;
  Key key;
};

std::unique_ptr<Clock::Alarm> ManualClock::call_at(TimePoint when, std::function<void()> wake) {
  const Key key{when, next_++};
  alarms_->emplace(key, std::move(wake));
  return std::make_unique<Pending>(alarms_, key);
}

bool ManualClock::advance_to_next(TimePoint limit) {
  if (alarms_->empty() || alarms_->begin()->first.first >= limit) return false;
  auto alarm = alarms_->extract(alarms_->begin());
  now_ = std::max(now_, alarm.key().first);
  alarm.mapped()();
  return true;
}

bool ManualClock::run_dry(asio::io_context& context, TimePoint limit) {
  for (;;) {
    context.restart();
    context.poll();
    if (context.stopped()) return true;  // no handler and no wait is left
    if (!advance_to_next(limit)) return false;
  }
}

}  // namespace gridmail::testing
