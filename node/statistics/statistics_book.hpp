// StatisticsBook: this node's part of the grid's statistics, by day, in its own store. Thirty days are kept,
// and when each user was last here for 400.
#pragma once
#include <string>
#include <vector>

#include "node/base/store.hpp"
#include "node/statistics/statistics.pb.h"
#include "node/statistics/traffic_meter.hpp"

namespace gridmail {

/// Days since 1970 UTC.
using Day = std::uint32_t;
[[nodiscard]] constexpr Day day_of(WallMicros at) {
  return static_cast<Day>(at / (24LL * 3600 * 1'000'000));
}
inline constexpr Day statistics_days = 30;

/// Where a row stands, and what it is about: places compare as rows are ordered, by day, subject and
/// protocol.
struct StatisticsPlace {
  Day day = 0;
  Bytes subject;  ///< a user's id, a domain; empty: of all
  TrafficProtocol protocol = TrafficProtocol::smtp;
  [[nodiscard]] Bytes bytes() const;
  [[nodiscard]] static std::optional<StatisticsPlace> from_bytes(BytesView bytes);
};

/// One writer. The store outlives it.
class StatisticsBook {
 public:
  explicit StatisticsBook(Store& store) : store_(store) {}

  /// Counts these into the day.
  [[nodiscard]] Task<Result<void>> add(WallMicros now, TrafficMeter::Counts counts);
  /// Of the days that are kept.
  [[nodiscard]] Task<Result<statistics::Answer>> rows(WallMicros now, statistics::Question question) const;
  /// What is too old.
  [[nodiscard]] Task<Result<void>> forget(WallMicros now);

 private:
  [[nodiscard]] Task<Result<void>> last_log_ins(Bytes user, statistics::Answer& answer) const;

  Store& store_;
};

}  // namespace gridmail
