#include "node/runtime/task_group.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/system_error.hpp>
#include <vector>

#include "node/base/log.hpp"
#include "node/runtime/timer.hpp"

namespace gridmail {

struct TaskGroup::State {
  struct Running {
    std::string name;
    asio::any_io_executor executor;
    std::shared_ptr<asio::cancellation_signal> signal;
    bool has_begun = false;  // until then the signal is spawn()'s alone
  };
  explicit State(std::string group_name) : name(std::move(group_name)) {}

  std::string name;
  mutable std::mutex mutex;
  std::uint64_t next = 0;
  std::map<std::uint64_t, Running> running;
  std::vector<std::shared_ptr<Event>> joiners;
  bool cancelled = false;

  void finished(std::uint64_t id, std::exception_ptr failure) {
    std::vector<std::shared_ptr<Event>> wake;
    std::string task;
    {
      const std::lock_guard lock(mutex);
      const auto found = running.find(id);
      task = found->second.name;
      running.erase(found);
      if (running.empty()) wake.swap(joiners);
    }
    report(task, failure);
    for (const auto& joiner : wake) joiner->set();
  }

  void report(const std::string& task, std::exception_ptr failure) const {
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const asio::system_error& error) {
      if (error.code() == asio::error::operation_aborted) return;
      log(Level::warn, "task.failed", {{"group", name}, {"task", task}, {"error", error.what()}});
    } catch (const std::exception& error) {
      log(Level::error, "task.failed", {{"group", name}, {"task", task}, {"error", error.what()}});
    }
  }
};

namespace {
void emit_on(const asio::any_io_executor& executor, std::shared_ptr<asio::cancellation_signal> signal) {
  asio::post(executor, [signal = std::move(signal)] { signal->emit(asio::cancellation_type::terminal); });
}
}  // namespace

TaskGroup::TaskGroup(std::string name) : state_(std::make_shared<State>(std::move(name))) {}

TaskGroup::~TaskGroup() {
  if (size() != 0)
    log(Level::error, "task_group.destroyed_busy", {{"group", state_->name}, {"tasks", size()}});
}

void TaskGroup::spawn(asio::any_io_executor executor, std::string task_name, Task<void> task) {
  const auto signal = std::make_shared<asio::cancellation_signal>();
  const auto state = state_;  // whoever joins may let go of the group as soon as the task is over
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(state->mutex);
    id = state->next++;
    state->running.emplace(id, State::Running{std::move(task_name), executor, signal});
  }
  asio::co_spawn(executor, std::move(task),
                 asio::bind_cancellation_slot(signal->slot(), [state, id](std::exception_ptr failure) {
                   state->finished(id, std::move(failure));
                 }));
  const std::lock_guard lock(state->mutex);
  const auto found = state->running.find(id);
  if (found == state->running.end()) return;  // over already
  found->second.has_begun = true;
  if (state->cancelled) emit_on(executor, signal);
}

void TaskGroup::cancel() {
  const std::lock_guard lock(state_->mutex);
  state_->cancelled = true;
  for (const auto& [id, task] : state_->running) {
    if (task.has_begun) emit_on(task.executor, task.signal);
  }
}

Task<void> TaskGroup::join() {
  const auto event = std::make_shared<Event>(co_await asio::this_coro::executor);
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->running.empty()) co_return;
    state_->joiners.push_back(event);
  }
  co_await event->wait();
}

std::size_t TaskGroup::size() const {
  const std::lock_guard lock(state_->mutex);
  return state_->running.size();
}

}  // namespace gridmail
