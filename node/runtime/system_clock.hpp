// The Clock port in production: CLOCK_BOOTTIME for points, the system clock for dates, Asio for waking.
#pragma once
#include <asio/io_context.hpp>

#include "node/base/clock.hpp"

namespace gridmail {

/// Alarms run on the given context, which must outlive the clock and its alarms.
class SystemClock final : public Clock {
 public:
  explicit SystemClock(asio::io_context& context) : context_(context) {}
  [[nodiscard]] TimePoint now() const override;
  [[nodiscard]] WallMicros wall() const override;
  [[nodiscard]] std::unique_ptr<Alarm> call_at(TimePoint when, std::function<void()> wake) override;

 private:
  asio::io_context& context_;
};

}  // namespace gridmail
