// Canary: a write and a read through the grid's real path, which is what /readyz promises.
#pragma once
#include <atomic>
#include <functional>
#include <mutex>
#include <optional>

#include "node/api/grid_control.hpp"
#include "node/grid/grid_core.hpp"

namespace gridmail {

/// Thread-safe. The core and the clock outlive it.
class Canary {
 public:
  Canary(GridCore& core, Clock& clock, std::function<bool(NodeId)> is_alive);

  /// Within 2 s. Who asks while one flies, or soon after it came back or did not, is answered by the last
  /// one: balancers ask often, and anybody may.
  [[nodiscard]] Task<api::ReadinessCheck> fly();

 private:
  [[nodiscard]] Task<api::ReadinessCheck> fly_anew();
  [[nodiscard]] Task<api::ReadinessCheck> fly_to(SlotId slot, TimePoint deadline);

  GridCore& core_;
  Clock& clock_;
  const std::function<bool(NodeId)> is_alive_;
  std::atomic<std::uint64_t> number_;  // of the next one: a later one reads as larger
  std::mutex mutex_;                   // of those below
  bool flying_ = false;
  TimePoint came_back_at_;
  std::optional<api::ReadinessCheck> last_;
};

}  // namespace gridmail
