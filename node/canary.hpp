// Canary: a write and a read through the grid's real path, which is what /readyz promises.
#pragma once
#include <atomic>
#include <functional>
#include <mutex>

#include "node/api/grid_control.hpp"
#include "node/grid/grid_core.hpp"

namespace gridmail {

/// Thread-safe. The core and the clock outlive it.
class Canary {
 public:
  Canary(GridCore& core, Clock& clock, std::function<bool(NodeId)> is_alive);

  /// Within 2 s. Who asks within a second of a canary that came back is answered by that one: balancers ask
  /// often.
  [[nodiscard]] Task<api::ReadinessCheck> fly();

 private:
  [[nodiscard]] Task<api::ReadinessCheck> fly_to(SlotId slot, Duration wait_max);

  GridCore& core_;
  Clock& clock_;
  const std::function<bool(NodeId)> is_alive_;
  std::atomic<std::uint64_t> number_;  // of the next one: a later one reads as larger
  std::mutex mutex_;                   // of the two below
  TimePoint came_back_at_;
  api::ReadinessCheck last_;
};

}  // namespace gridmail
