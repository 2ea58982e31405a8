// TaskGroup: owns coroutines. Nothing in gridmail is detached: a group names its tasks, cancels them, logs
// what they throw, and is joined before what they use goes away.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "node/base/store.hpp"

namespace gridmail {

/// Thread-safe. Tasks take values; references only to what outlives the group (style, coroutine rule 2).
/// Lifecycle: spawn… → cancel() → co_await join() → destruction. Destroying a group that still has tasks is a
/// bug.
class TaskGroup {
 public:
  explicit TaskGroup(std::string name);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Starts `task` on `executor`. After cancel() the task is started and cancelled at once.
  void spawn(asio::any_io_executor executor, std::string task_name, Task<void> task);
  /// Asks every task to stop: its current wait ends with operation_aborted.
  void cancel();
  /// Returns when no task is left. Resumes on the caller's executor.
  [[nodiscard]] Task<void> join();
  [[nodiscard]] std::size_t size() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace gridmail
