// WorkerPool: a few threads for what must not run on an event loop: password hashing, search, waiting for a
// disk.
#pragma once
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/system_error.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>

#include "node/base/store.hpp"

namespace gridmail {

/// Thread-safe. The queue is not bounded here: callers that serve strangers look at waiting() and refuse
/// early.
class WorkerPool {
 public:
  WorkerPool(std::string name, std::size_t threads);
  /// Finishes what was queued, then joins the threads. Not from one of them.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Runs `work` on one of the threads and resumes the caller on its own executor with what it returned or
  /// threw. `work` may refer to the caller's frame: a cancelled caller is resumed only when `work` is over.
  /// Throws operation_aborted, without running it, after stop().
  template <class F>
  [[nodiscard]] Task<std::invoke_result_t<F>> run(F work);

  /// Work queued or running.
  [[nodiscard]] std::size_t waiting() const { return waiting_; }

  /// Finishes what was queued and joins the threads; later work is refused. To be called once nobody starts
  /// new work.
  void stop();

 private:
  template <class T>
  struct Outcome {
    std::conditional_t<std::is_void_v<T>, std::monostate, std::optional<T>> value;
    std::exception_ptr failure;
  };
  template <class F, class T>
  static void perform(F& work, Outcome<T>& outcome);

  const std::string name_;
  std::atomic<bool> stopped_{false};
  std::atomic<std::size_t> waiting_{0};
  asio::thread_pool pool_;
};

template <class F, class T>
void WorkerPool::perform(F& work, Outcome<T>& outcome) {
  try {
    if constexpr (std::is_void_v<T>) {
      work();
    } else {
      outcome.value.emplace(work());
    }
  } catch (...) {
    outcome.failure = std::current_exception();
  }
}

template <class F>
Task<std::invoke_result_t<F>> WorkerPool::run(F work) {
  static_assert(
      std::is_trivially_copyable_v<F>,
      "capture references and pointers only: g++ 12 destroys other captures of a lambda that is written "
      "inside a co_await expression twice");
  using T = std::invoke_result_t<F>;
  if (stopped_) throw asio::system_error(asio::error::operation_aborted);
  // Both live in this frame, which waits for them: the pool's thread gets references.
  Outcome<T> outcome;
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [this, &work, &outcome](auto handler) {
        ++waiting_;
        asio::post(pool_, [this, &work, &outcome, handler = std::move(handler)]() mutable {
          perform<F, T>(work, outcome);
          --waiting_;
          const auto executor = asio::get_associated_executor(handler);
          asio::post(executor, std::move(handler));
        });
      },
      asio::use_awaitable);
  if (outcome.failure) std::rethrow_exception(outcome.failure);
  if constexpr (!std::is_void_v<T>) co_return std::move(*outcome.value);
}

}  // namespace gridmail
