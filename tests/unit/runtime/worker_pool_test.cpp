#include "node/runtime/worker_pool.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <thread>

#include "tests/support/run_task.hpp"

using namespace gridmail;
using namespace gridmail::test;

namespace {

Task<bool> runs_elsewhere(WorkerPool& pool) {
  const auto here = std::this_thread::get_id();
  const auto there = co_await pool.run([] { return std::this_thread::get_id(); });
  co_return here != there&& here == std::this_thread::get_id();
}

Task<std::string> catches(WorkerPool& pool) {
  try {
    co_await pool.run([] { throw std::runtime_error("from the worker"); });
  } catch (const std::runtime_error& error) {
    co_return error.what();
  }
  co_return "";
}

Task<int> sum(WorkerPool& pool) {
  int total = 0;
  for (int i = 1; i <= 100; ++i) total += co_await pool.run([&i] { return i; });
  co_return total;
}

}  // namespace

TEST_CASE("work runs on another thread and the caller goes on where it was") {
  WorkerPool pool("test", 2);
  CHECK(run_task(runs_elsewhere(pool)));
  CHECK(run_task(sum(pool)) == 5050);
  CHECK(pool.waiting() == 0);
}

TEST_CASE("what the work throws reaches the caller") {
  WorkerPool pool("test", 1);
  CHECK(run_task(catches(pool)) == "from the worker");
}

TEST_CASE("a stopped pool refuses work") {
  WorkerPool pool("test", 1);
  pool.stop();
  CHECK_THROWS_AS(run_task(sum(pool)), asio::system_error);
}
