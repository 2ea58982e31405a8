// When a message for somebody elsewhere is tried again, and until when (RFC 5321, section 4.5.4.1).
#pragma once
#include <cstdint>

#include "node/base/clock.hpp"

namespace gridmail {

struct RetryRules {
  Duration pause_first = std::chrono::seconds(15);
  Duration pause_max = std::chrono::hours(1);
  Duration expires_after = std::chrono::hours(24 * 5);  ///< from acceptance; then the sender gets it back
  Duration told_after = std::chrono::hours(4);  ///< from acceptance; then the sender is told of the delay
};

/// The pause after the attempt number `attempts` (from 1): doubles up to the longest, and is spread by a
/// quarter to either side. `chance` is uniform in [0, 1).
[[nodiscard]] Duration retry_pause(const RetryRules& rules, std::uint32_t attempts, double chance);

}  // namespace gridmail
