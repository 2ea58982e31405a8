// One simulated node's Clock port: the world's virtual time as this node's clocks show it. Its boot clock
// began at some other moment than the others' and runs a little faster or slower; its wall clock may be
// wrong.
#pragma once
#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "tests/support/virtual_clock.hpp"

namespace gridmail::sim {

class SimClock final : public Clock {
 public:
  /// `rate` 1.01: a hundredth too fast. `awake` is set whenever an alarm rings.
  SimClock(test::VirtualClock& world, Duration booted_before, double rate, bool& awake)
      : world_(world), start_(world.now()), booted_before_(booted_before), rate_(rate), awake_(awake) {}

  [[nodiscard]] TimePoint now() const override { return shown_at(world_.now()); }
  [[nodiscard]] WallMicros wall() const override { return world_.wall() + wall_error_; }
  [[nodiscard]] std::unique_ptr<Alarm> call_at(TimePoint when, std::function<void()> wake) override {
    return world_.call_at(moment_of(when), std::move(wake), &awake_);
  }
  void jump_wall(WallMicros by) { wall_error_ += by; }

 private:
  [[nodiscard]] TimePoint shown_at(TimePoint moment) const {
    const auto passed = moment - start_;
    if (rate_ == 1.0) return {booted_before_ + passed};
    return {booted_before_ +
            Duration(static_cast<std::int64_t>(static_cast<double>(passed.count()) * rate_))};
  }
  /// The first moment at which this clock shows at least `when`.
  [[nodiscard]] TimePoint moment_of(TimePoint when) const {
    if (when == TimePoint::never()) return when;
    const auto to_pass = when.since_boot - booted_before_;
    if (rate_ == 1.0) return start_ + to_pass;
    auto moment =
        start_ + Duration(static_cast<std::int64_t>(std::ceil(static_cast<double>(to_pass.count()) / rate_)));
    while (shown_at(moment) < when) moment = moment + Duration(1);
    return moment;
  }

  test::VirtualClock& world_;
  const TimePoint start_;
  const Duration booted_before_;
  const double rate_;
  bool& awake_;
  WallMicros wall_error_ = 0;
};

}  // namespace gridmail::sim
