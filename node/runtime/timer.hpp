// Waiting: for a point in time on a Clock, for an event, or for a task but not longer than a deadline.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/steady_timer.hpp>
#include <exception>
#include <memory>
#include <optional>

#include "node/base/clock.hpp"
#include "node/base/store.hpp"

namespace gridmail {

/// A latch that a coroutine can wait for. set() may be called from any thread; wait() resumes on the waiter's
/// executor, once, also when set() came first. One waiter at a time. reset() arms it again.
class Event : public std::enable_shared_from_this<Event> {
 public:
  explicit Event(asio::any_io_executor executor);
  void set();
  /// Clears the latch. To be called on the executor.
  void reset() { set_ = false; }
  [[nodiscard]] bool is_set() const { return set_; }
  /// Throws operation_aborted when the waiting task is cancelled. Must run on the executor given.
  [[nodiscard]] Task<void> wait();

 private:
  asio::steady_timer timer_;  // never expires: cancelling it is the signal
  bool set_ = false;          // touched on the executor only
};

/// Suspends until `when`; throws operation_aborted on cancellation.
[[nodiscard]] Task<void> sleep_until(Clock& clock, TimePoint when);
[[nodiscard]] Task<void> sleep_for(Clock& clock, Duration duration);

/// What a task returned or threw.
template <class T>
struct Settled {
  Settled() = default;
  std::optional<T> value;
  std::exception_ptr failure;
};
template <class T>
[[nodiscard]] Task<Settled<T>> settle(Task<T> task) {
  Settled<T> settled;
  try {
    settled.value.emplace(co_await std::move(task));
  } catch (...) {
    settled.failure = std::current_exception();
  }
  co_return settled;
}

/// Runs `task`, but cancels it at `deadline`: nothing means that it did not finish in time. The task is over
/// either way when this returns (style, coroutine rule 4). Cancelling a read or write makes its stream
/// useless. What the task throws comes out at once.
template <class T>
[[nodiscard]] Task<std::optional<T>> before(Clock& clock, TimePoint deadline, Task<T> task) {
  using namespace asio::experimental::awaitable_operators;  // NOLINT: the operators' only home
  // Asio's || goes on waiting for the other side when one throws; so the task is made to return what it
  // threw.
  auto outcome = co_await (settle(std::move(task)) || sleep_until(clock, deadline));
  if (outcome.index() == 1) co_return std::nullopt;
  auto& settled = std::get<0>(outcome);
  if (settled.failure) std::rethrow_exception(settled.failure);
  co_return std::move(settled.value);
}
/// Waits for the event, but not longer. Whether it was set.
[[nodiscard]] Task<bool> before(Clock& clock, TimePoint deadline, std::shared_ptr<Event> event);

}  // namespace gridmail
