#include "node/api/agent_check.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <asio/system_error.hpp>
#include <thread>

namespace gridmail::api {
namespace {

constexpr Duration write_timeout = std::chrono::seconds(2);
// HAProxy asks once for each of its backends: a canary for every question would be a load of its own.
constexpr Duration answer_kept = std::chrono::seconds(1);
constexpr unsigned share_least = 20;

Duration to_duration(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

}  // namespace

ProcessorUse processor_use(TimePoint now) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return {now, to_duration(usage.ru_utime) + to_duration(usage.ru_stime)};
}

AgentCheck::AgentCheck(GridControl& grid, Clock& clock)
    : grid_(grid), clock_(clock), before_(processor_use(clock.now())) {}

/// Half of it is what was before, so that one busy second moves no crowd.
unsigned AgentCheck::share(TimePoint now) {
  const auto use = processor_use(now);
  const auto cores = std::max(1U, std::thread::hardware_concurrency());
  const std::chrono::duration<double> elapsed = use.at - before_.at;
  const std::chrono::duration<double> used = use.used - before_.used;
  if (elapsed >= answer_kept) {
    busy_ = (busy_ + std::clamp(used.count() / elapsed.count() / cores, 0.0, 1.0)) / 2;
    before_ = use;
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

Task<std::string> AgentCheck::answer() {
  {
    const std::lock_guard lock(mutex_);
    if (!answer_.empty() && clock_.now() - answered_ < answer_kept) co_return answer_;
  }
  const auto checks = co_await grid_.readiness();
  const std::lock_guard lock(mutex_);
  answered_ = clock_.now();
  answer_ = agent_answer(checks, share(answered_));
  co_return answer_;
}

Task<void> AgentCheck::serve(std::unique_ptr<Stream> stream) {
  const std::string line = co_await answer();
  stream->expires_at(clock_.now() + write_timeout);
  co_await stream->write(line);
  stream->close();
}

}  // namespace gridmail::api
