#include "storage/queue/retry_plan.hpp"

#include <algorithm>

namespace gridmail {

Duration retry_pause(const RetryRules& rules, std::uint32_t attempts, double chance) {
  Duration pause = rules.pause_first;
  for (std::uint32_t i = 1; i < attempts && pause < rules.pause_max; ++i) pause *= 2;
  pause = std::min(pause, rules.pause_max);
  const double spread = 0.75 + 0.5 * chance;
  return std::chrono::duration_cast<Duration>(pause * spread);
}

}  // namespace gridmail
