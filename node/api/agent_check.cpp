#include "node/api/agent_check.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gridmail::api {
namespace {

constexpr Duration write_timeout = std::chrono::seconds(2);
// HAProxy asks once for each of its backends: the time between two such questions says nothing about the
// load.
constexpr Duration measured_every = std::chrono::seconds(1);
constexpr unsigned share_least = 20;

}  // namespace

AgentCheck::AgentCheck(GridControl& grid, Clock& clock) : grid_(grid), clock_(clock), measured_(clock.now()) {
  static_cast<void>(processors_.load(measured_));  // from here on it counts
}

/// Half of it is what was before, so that one busy second moves no crowd.
unsigned AgentCheck::share() {
  const std::lock_guard lock(mutex_);
  const auto now = clock_.now();
  if (now - measured_ >= measured_every) {
    busy_ = (busy_ + std::clamp(processors_.load(now), 0.0, 1.0)) / 2;
    measured_ = now;
  }
  return 100 - static_cast<unsigned>((100 - share_least) * busy_);
}

std::string agent_answer(const std::vector<ReadinessCheck>& checks, unsigned share_percent) {
  if (checks.empty()) return "ready down #starting\n";
  bool is_draining = false;
  for (const auto& check : checks) {
    if (check.passed) continue;
    if (check.name != "not_draining") return fmt::format("ready down #{}\n", check.name);
    is_draining = true;
  }
  if (is_draining) return "drain\n";
  return fmt::format("ready up {}%\n", share_percent);
}

Task<void> AgentCheck::serve(std::unique_ptr<Stream> stream) {
  const auto checks = co_await grid_.readiness();
  const std::string line = agent_answer(checks, share());
  stream->expires_at(clock_.now() + write_timeout);
  co_await stream->write(line);
  stream->close();
}

}  // namespace gridmail::api
