// AgentCheck: answers HAProxy's agent-check: whether this node takes new connections, and what share of them.
#pragma once
#include <memory>
#include <mutex>
#include <string>

#include "node/api/grid_control.hpp"
#include "node/runtime/stream.hpp"

namespace gridmail::api {

/// How much of a machine a process uses: its processor time, of all cores.
struct ProcessorUse {
  TimePoint at;
  Duration used{};
};
[[nodiscard]] ProcessorUse processor_use(TimePoint now);

/// Thread-safe. The grid and the clock outlive it.
class AgentCheck {
 public:
  AgentCheck(GridControl& grid, Clock& clock);

  /// Says one line and closes: "ready up 85%" (100 % of the configured weight when idle, 20 % when all cores
  /// are busy), "drain" (new connections elsewhere, old ones stay) or "ready down #WHY".
  [[nodiscard]] Task<void> serve(std::unique_ptr<Stream> stream);

 private:
  [[nodiscard]] Task<std::string> answer();
  [[nodiscard]] unsigned share(TimePoint now);

  GridControl& grid_;
  Clock& clock_;
  std::mutex mutex_;  // of all below
  TimePoint answered_;
  std::string answer_;
  ProcessorUse before_;
  double busy_ = 0;
};

/// From what /readyz says and the share of the machine in use, 0 to 1.
[[nodiscard]] std::string agent_answer(const std::vector<ReadinessCheck>& checks, unsigned share_percent);

}  // namespace gridmail::api
