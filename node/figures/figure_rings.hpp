// What this node did in the last hour and the last day, in spans of one length each: bounded, in memory, gone
// with the process.
#pragma once
#include <deque>
#include <mutex>
#include <optional>

#include "node/base/metrics.hpp"
#include "node/base/store.hpp"
#include "node/figures/figures.pb.h"

namespace gridmail {

using FigureWindow = figures::Question::Window;

/// Seconds that a span of the window is long.
[[nodiscard]] constexpr std::int64_t span_seconds(FigureWindow window) {
  return window == figures::Question::HOUR ? 10 : 60;
}

/// Thread-safe.
class FigureRings {
 public:
  /// What is read off the process and not counted by metrics.
  struct Gauges {
    std::uint64_t smtp_sessions = 0, imap_sessions = 0, pop3_sessions = 0;
    double load = 0;
    std::uint64_t disk_free_bytes = 0;
    std::uint64_t wrong_passwords = 0;  ///< by all protocols, since the process began
  };
  /// Ends the span that ends now; to be called every 10 s. What was counted before the first call is in none.
  void end_span(WallMicros now, const Gauges& gauges);
  /// Oldest first, and the disk's trend.
  [[nodiscard]] figures::Answer spans(FigureWindow window) const;

 private:
  struct Counts {
    std::uint64_t received = 0, deferred = 0, refused = 0, delivered = 0, queued = 0, taken_in = 0;
    std::uint64_t log_ins = 0, wrong_passwords = 0;
    metrics::Histogram::Buckets smtp_seconds{}, imap_seconds{};
  };
  /// All but wrong passwords.
  [[nodiscard]] static Counts count();
  /// Bytes a day; nothing while less than an hour is known. The mutex is held.
  [[nodiscard]] std::optional<double> disk_free_change() const;

  mutable std::mutex mutex_;
  std::optional<Counts> before_;
  std::deque<figures::Span> hour_, day_;
};

/// `later` of the same node after `sum`.
void append(figures::Span& sum, const figures::Span& later);
/// `other` of another node at the same time.
void combine(figures::Span& sum, const figures::Span& other);

}  // namespace gridmail
