#include "node/runtime/system_clock.hpp"

#include <asio/steady_timer.hpp>
#include <ctime>
#include <map>
#include <mutex>
#include <vector>

namespace gridmail {
namespace {

Duration read_clock(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

}  // namespace

/// The pending alarms by their time, and the timer, which is set for the first of them or for one before it
/// that was dropped. The timer is touched under the mutex only.
class SystemClock::Alarms : public std::enable_shared_from_this<Alarms> {
 public:
  using Key = std::pair<TimePoint, std::uint64_t>;

  explicit Alarms(asio::io_context& context) : timer_(context) {}

  Key add(TimePoint when, std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    const Key key{when, ++last_number_};
    pending_.emplace(key, std::move(wake));
    if (when < timer_at_) set_timer(when);
    return key;
  }

  void drop(const Key& key) {
    std::map<Key, std::function<void()>>::node_type dropped;  // what it holds may drop an alarm in its turn
    const std::lock_guard lock(mutex_);
    dropped = pending_.extract(key);
    if (pending_.empty()) rest();
  }

 private:
  void set_timer(TimePoint when) {
    timer_at_ = when;
    const auto now = TimePoint{read_clock(CLOCK_BOOTTIME)};
    timer_.expires_after(when <= now ? Duration::zero() : when - now);
    timer_.async_wait([weak = weak_from_this(), number = ++timer_number_](std::error_code) {
      if (const auto self = weak.lock()) self->ring(number);
    });
  }

  /// A timer that was set anew has called for the old time, too.
  void ring(std::uint64_t timer_number) {
    std::vector<std::function<void()>> due;
    {
      const std::lock_guard lock(mutex_);
      if (timer_number != timer_number_) return;
      timer_at_ = TimePoint::never();
      const auto now = TimePoint{read_clock(CLOCK_BOOTTIME)};
      while (!pending_.empty() && pending_.begin()->first.first <= now) {
        due.push_back(std::move(pending_.begin()->second));
        pending_.erase(pending_.begin());
      }
      if (pending_.empty()) {
        rest();
      } else {
        set_timer(pending_.begin()->first.first);
      }
    }
    for (const auto& wake : due) wake();
  }

  /// A context that has nothing else to do may end.
  void rest() {
    if (timer_at_ == TimePoint::never()) return;
    ++timer_number_;
    timer_at_ = TimePoint::never();
    timer_.cancel();
  }

  std::mutex mutex_;
  std::map<Key, std::function<void()>> pending_;
  std::uint64_t last_number_ = 0;
  asio::steady_timer timer_;
  TimePoint timer_at_ = TimePoint::never();
  std::uint64_t timer_number_ = 0;
};

class SystemClock::PendingAlarm final : public Clock::Alarm {
 public:
  PendingAlarm(std::shared_ptr<Alarms> alarms, Alarms::Key key) : alarms_(std::move(alarms)), key_(key) {}
  ~PendingAlarm() override { alarms_->drop(key_); }

 private:
  const std::shared_ptr<Alarms> alarms_;
  const Alarms::Key key_;
};

SystemClock::SystemClock(asio::io_context& context) : alarms_(std::make_shared<Alarms>(context)) {}

TimePoint SystemClock::now() const {
  return {read_clock(CLOCK_BOOTTIME)};
}

WallMicros SystemClock::wall() const {
  return to_micros(read_clock(CLOCK_REALTIME));
}

std::unique_ptr<Clock::Alarm> SystemClock::call_at(TimePoint when, std::function<void()> wake) {
  const auto key = alarms_->add(when, std::move(wake));
  return std::make_unique<PendingAlarm>(alarms_, key);
}

}  // namespace gridmail
