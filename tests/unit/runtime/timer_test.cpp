#include "node/runtime/timer.hpp"

#include <doctest/doctest.h>

#include <asio/executor_work_guard.hpp>
#include <asio/strand.hpp>
#include <asio/use_future.hpp>
#include <stdexcept>
#include <thread>

#include "node/runtime/system_clock.hpp"
#include "node/runtime/task_group.hpp"
#include "tests/support/run_task.hpp"

using namespace gridmail;
using namespace gridmail::test;
using namespace std::chrono_literals;

namespace {

Task<int> answer_after(Clock& clock, Duration duration) {
  co_await sleep_for(clock, duration);
  co_return 42;
}

Task<int> throws() {
  throw std::runtime_error("broken");
  co_return 0;
}

Task<void> waits_long(Clock& clock, bool& aborted) {
  try {
    co_await before(clock, clock.now() + 10s, answer_after(clock, 10s));
  } catch (const asio::system_error& error) {
    aborted = error.code() == asio::error::operation_aborted;
    throw;
  }
}

Task<void> sleeps(Clock& clock) {
  co_await sleep_for(clock, 1h);
}

/// Runs a task that needs a clock.
template <class Body>
auto run_with_clock(Body body) {
  asio::io_context context;
  SystemClock clock(context);
  std::exception_ptr failure;
  std::optional<int> value;
  asio::co_spawn(context, body(clock), [&](std::exception_ptr thrown, std::optional<int> result) {
    failure = thrown;
    value = result;
  });
  context.run();
  if (failure) std::rethrow_exception(failure);
  return value;
}

}  // namespace

TEST_CASE("a task that finishes before its deadline gives its value") {
  const auto value =
      run_with_clock([](Clock& clock) { return before(clock, clock.now() + 10s, answer_after(clock, 1ms)); });
  CHECK(value == 42);
}

TEST_CASE("a task that is too slow is cancelled and gives nothing") {
  const auto value =
      run_with_clock([](Clock& clock) { return before(clock, clock.now() + 1ms, answer_after(clock, 10s)); });
  CHECK_FALSE(value.has_value());
}

TEST_CASE("what a task throws comes out at once, not at the deadline") {
  const auto begun = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(run_with_clock([](Clock& clock) { return before(clock, clock.now() + 10s, throws()); }),
                  std::runtime_error);
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
}

TEST_CASE("cancelling the group ends a task that waits with a deadline by operation_aborted") {
  asio::io_context context;
  SystemClock clock(context);
  TaskGroup group("test");
  bool aborted = false;
  group.spawn(context.get_executor(), "waits", waits_long(clock, aborted));
  group.cancel();
  context.run();
  CHECK(aborted);
  CHECK(group.size() == 0);
}

TEST_CASE("a task that is spawned while its group is being cancelled ends too") {
  for (int round = 0; round < 300; ++round) {
    asio::io_context context;
    SystemClock clock(context);
    TaskGroup group("test");
    const auto work = asio::make_work_guard(context);
    std::thread runner([&context] { context.run(); });
    std::thread canceller([&group] { group.cancel(); });
    for (int task = 0; task < 20; ++task) group.spawn(asio::make_strand(context), "sleeps", sleeps(clock));
    canceller.join();
    const auto joined = asio::co_spawn(context, group.join(), asio::use_future);
    CHECK(joined.wait_for(10s) == std::future_status::ready);
    context.stop();
    runner.join();
  }
}
