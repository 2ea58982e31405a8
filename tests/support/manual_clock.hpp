// Virtual time for tests: it stands still while anything can run, and jumps to the next alarm when nothing
// can.
#pragma once
#include <asio/io_context.hpp>
#include <map>

#include "node/base/clock.hpp"

namespace gridmail::testing {

/// One thread only. Alarms are called from advance_to_next().
class ManualClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return now_; }
  [[nodiscard]] WallMicros wall() const override { return wall_start_ + now_.since_boot.count() / 1000; }
  [[nodiscard]] std::unique_ptr<Alarm> call_at(TimePoint when, std::function<void()> wake) override;

  /// Jumps to the earliest alarm and makes its call. False when there is none before `limit`.
  bool advance_to_next(TimePoint limit = TimePoint::never());

  /// Runs the context until nothing is left to do, jumping over waits. False when something still waits
  /// though no alarm is left before `limit`: the context has not run dry.
  bool run_dry(asio::io_context& context, TimePoint limit = TimePoint::never());

 private:
  struct Pending;
  using Key = std::pair<TimePoint, std::uint64_t>;

  TimePoint now_{std::chrono::seconds(1)};
  WallMicros wall_start_ = 1'700'000'000'000'000;
  std::uint64_t next_ = 0;
  std::shared_ptr<std::map<Key, std::function<void()>>> alarms_ =
      std::make_shared<std::map<Key, std::function<void()>>>();
};

}  // namespace gridmail::testing
