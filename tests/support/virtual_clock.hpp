// The Clock port on virtual time: alarms ring in order of (time, sequence) when the test, or the simulator,
// says so. One thread.
#pragma once
#include <asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "node/base/clock.hpp"

namespace gridmail::test {

class VirtualClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return now_; }
  [[nodiscard]] WallMicros wall() const override {
    return wall_start_ + std::chrono::duration_cast<std::chrono::microseconds>(now_.since_boot).count();
  }
  [[nodiscard]] std::unique_ptr<Alarm> call_at(TimePoint when, std::function<void()> wake) override {
    return call_at(when, std::move(wake), nullptr);
  }
  /// `awake`, when given, is set just before: whose alarm it is has something to do. It outlives the alarm.
  [[nodiscard]] std::unique_ptr<Alarm> call_at(TimePoint when, std::function<void()> wake, bool* awake) {
    const Key key{std::max(when, now_), ++sequence_};
    alarms_->emplace(key, Call{std::move(wake), awake});
    return std::make_unique<Pending>(alarms_, key);
  }

  /// As call_at, for what nobody will want to cancel: messages under way, syncs.
  void call_after(Duration delay, std::function<void()> wake, bool* awake = nullptr) {
    alarms_->emplace(Key{now_ + delay, ++sequence_}, Call{std::move(wake), awake});
  }
  [[nodiscard]] TimePoint next_alarm() const {
    return alarms_->empty() ? TimePoint::never() : alarms_->begin()->first.first;
  }
  /// Moves time to the next alarm and rings it. Only when there is one.
  void ring_next() {
    auto first = alarms_->extract(alarms_->begin());
    now_ = std::max(now_, first.key().first);
    if (first.mapped().awake != nullptr) *first.mapped().awake = true;
    first.mapped().wake();
  }
  void jump_wall(WallMicros by) { wall_start_ += by; }
  void set_now(TimePoint now) { now_ = std::max(now_, now); }

 private:
  using Key = std::pair<TimePoint, std::uint64_t>;
  struct Call {
    std::function<void()> wake;
    bool* awake;
  };
  using Alarms = std::map<Key, Call>;
  /// Shares the table, so that an alarm may outlive the clock.
  class Pending final : public Alarm {
   public:
    Pending(std::shared_ptr<Alarms> alarms, Key key) : alarms_(std::move(alarms)), key_(key) {}
    ~Pending() override { alarms_->erase(key_); }

   private:
    std::shared_ptr<Alarms> alarms_;
    Key key_;
  };

  WallMicros wall_start_ = 1'700'000'000'000'000;
  TimePoint now_{std::chrono::seconds(100)};
  std::uint64_t sequence_ = 0;
  std::shared_ptr<Alarms> alarms_ = std::make_shared<Alarms>();
};

/// Runs handlers and, whenever none is ready, the next alarm, until `done` holds or virtual time reaches
/// `end`. Returns whether `done` held; without one, runs to the end and returns true.
inline bool run_until(asio::io_context& context, VirtualClock& clock, TimePoint end,
                      const std::function<bool()>& done = {}) {
  for (;;) {
    context.restart();
    context.poll();
    if (done && done()) return true;
    if (clock.next_alarm() > end) break;
    clock.ring_next();
  }
  clock.set_now(end);
  return !done;
}

inline bool run_for(asio::io_context& context, VirtualClock& clock, Duration duration,
                    const std::function<bool()>& done = {}) {
  return run_until(context, clock, clock.now() + duration, done);
}

}  // namespace gridmail::test
