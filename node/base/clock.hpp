// The Clock port: all time in grid code comes through it. Production binds it to CLOCK_BOOTTIME and Asio
// timers, the simulator to virtual time. Waiting is in node/runtime/timer.hpp.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace gridmail {

using Duration = std::chrono::nanoseconds;

/// A point on this node's boot clock: never set back, counts suspended time. Points of two nodes cannot be
/// compared.
struct TimePoint {
  Duration since_boot{0};
  auto operator<=>(const TimePoint&) const = default;
  TimePoint operator+(Duration d) const { return {since_boot + d}; }
  TimePoint operator-(Duration d) const { return {since_boot - d}; }
  Duration operator-(TimePoint other) const { return since_boot - other.since_boot; }
  [[nodiscard]] static TimePoint never() { return {Duration::max()}; }
};

/// Wall-clock microseconds since 1970 UTC: for dates shown to people and expiry of records, never for leases.
using WallMicros = std::int64_t;
[[nodiscard]] constexpr WallMicros to_micros(Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

/// Thread-safe in production.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const = 0;
  [[nodiscard]] virtual WallMicros wall() const = 0;

  /// A pending call; destroying or cancelling it before its time means that it will not be made.
  class Alarm {
   public:
    virtual ~Alarm() = default;
  };
  /// Calls `wake` once at `when` or soon after, on the clock's own context; bind it to a strand where that
  /// matters. The alarm may be dropped from within `wake`.
  [[nodiscard]] virtual std::unique_ptr<Alarm> call_at(TimePoint when, std::function<void()> wake) = 0;
};

}  // namespace gridmail
