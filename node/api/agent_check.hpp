// AgentCheck: answers HAProxy's agent-check: whether this node takes new connections, and what share of them.
#pragma once
#include <memory>
#include <mutex>
#include <string>

#include "node/api/grid_control.hpp"
#include "node/processor_meter.hpp"
#include "node/runtime/stream.hpp"

namespace gridmail::api {

/// Thread-safe. The grid and the clock outlive it.
class AgentCheck {
 public:
  AgentCheck(GridControl& grid, Clock& clock);

  /// Says one line and closes: "ready up 85%" (100 % of the configured weight when idle, 20 % when all cores
  /// are busy), "drain" (new connections elsewhere, old ones stay) or "ready down #WHY".
  [[nodiscard]] Task<void> serve(std::unique_ptr<Stream> stream);

 private:
  [[nodiscard]] unsigned share();

  GridControl& grid_;
  Clock& clock_;
  std::mutex mutex_;  // of all below
  ProcessorMeter processors_;
  TimePoint measured_;
  double busy_ = 0;
};

/// From what /readyz says and the share of new connections that is wanted.
[[nodiscard]] std::string agent_answer(const std::vector<ReadinessCheck>& checks, unsigned share_percent);

}  // namespace gridmail::api
