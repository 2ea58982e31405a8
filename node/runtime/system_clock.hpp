// The Clock port in production: CLOCK_BOOTTIME for points, the system clock for dates, Asio for waking.
#pragma once
#include <asio/io_context.hpp>

#include "node/base/clock.hpp"

namespace gridmail {

/// Alarms run on the given context, which must outlive the clock and its alarms. All share one timer of the
/// context: most are dropped long before their time, and to set and to drop one then wakes no thread.
class SystemClock final : public Clock {
 public:
  explicit SystemClock(asio::io_context& context);
  [[nodiscard]] TimePoint now() const override;
  [[nodiscard]] WallMicros wall() const override;
  [[nodiscard]] std::unique_ptr<Alarm> call_at(TimePoint when, std::function<void()> wake) override;

 private:
  class Alarms;
  class PendingAlarm;
  const std::shared_ptr<Alarms> alarms_;
};

}  // namespace gridmail
