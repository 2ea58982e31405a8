// Several coroutines at once from one, with a limit, and joined before it goes on.
#pragma once
#include <algorithm>
#include <asio/this_coro.hpp>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "node/runtime/task_group.hpp"
#include "node/runtime/timer.hpp"

namespace gridmail {
namespace detail {

template <class Step>
struct Parallel {
  Parallel(Step given, std::size_t steps, std::shared_ptr<Event> event)
      : step(std::move(given)), count(steps), finished(std::move(event)) {}
  Step step;
  std::size_t count;
  std::shared_ptr<Event> finished;
  std::size_t next = 0;
  std::size_t lanes = 0;  ///< still running
  std::exception_ptr failure;
};

template <class Step>
Task<void> run_lane(std::shared_ptr<Parallel<Step>> shared) {
  try {
    while (shared->next < shared->count && !shared->failure) co_await shared->step(shared->next++);
  } catch (...) {
    if (!shared->failure) shared->failure = std::current_exception();
  }
  if (--shared->lanes == 0) shared->finished->set();
}

}  // namespace detail

/// Calls step(0) … step(count - 1), each giving a Task<void>, at most `lanes_max` at once, on the caller's
/// executor, which must be a strand or a single thread. Give `step` a name: g++ 12 destroys a lambda twice
/// that is written into the call. Returns when all are over; throws what the first failing one threw, and
/// begins no more. When the caller is cancelled the steps may outlive it, in `group`: so `step` must own all
/// it uses.
template <class Step>
[[nodiscard]] Task<void> run_parallel(TaskGroup& group, std::string name, std::size_t count,
                                      std::size_t lanes_max, Step step) {
  if (count == 0) co_return;
  const auto executor = co_await asio::this_coro::executor;
  const auto shared =
      std::make_shared<detail::Parallel<Step>>(std::move(step), count, std::make_shared<Event>(executor));
  shared->lanes = std::min(count, lanes_max);
  for (std::size_t lane = shared->lanes; lane > 0; --lane)
    group.spawn(executor, name, detail::run_lane(shared));
  co_await shared->finished->wait();
  if (shared->failure) std::rethrow_exception(shared->failure);
}

}  // namespace gridmail
