// SessionDrain: sends mail clients away from a node that drains, once balancers have had the time to notice.
//
// Its readiness is false at once, so that balancers send nobody new. Two of their check intervals later
// sessions are told to end: SMTP by 421 between two commands, IMAP by BYE, POP3 at QUIT. What is left at the
// limit is cut off. New clients, such as those that no balancer sends, are told the same until the node
// drains no more.
#pragma once
#include <atomic>
#include <functional>
#include <memory>

#include "node/runtime/stop_signal.hpp"

namespace gridmail {

/// Lifecycle: run() in a task; cancelling that leaves the signal as it is.
class SessionDrain {
 public:
  struct Settings {
    Duration check_interval = std::chrono::seconds(2);  ///< of the slowest balancer
    Duration limit = std::chrono::seconds(20);
  };
  /// `end` is to be set for sessions, which outlive neither; `cut_off` ends those that are there, at once.
  SessionDrain(Clock& clock, const asio::any_io_executor& executor, Settings settings, StopSignal& end,
               std::function<void()> cut_off);

  /// Whether the node drains, as its readiness says it. Thread-safe.
  void look(bool draining);
  [[nodiscard]] Task<void> run();
  /// What run() is to run on.
  [[nodiscard]] const asio::any_io_executor& executor() const { return executor_; }

 private:
  /// Whether that is still so at `until`; false as soon as it is not.
  [[nodiscard]] Task<bool> stays(bool draining, TimePoint until);

  Clock& clock_;
  const asio::any_io_executor executor_;
  const Settings settings_;
  StopSignal& end_;
  const std::function<void()> cut_off_;
  std::atomic<bool> draining_{false};
  const std::shared_ptr<Event> changed_;
};

}  // namespace gridmail
