#include "node/session_drain.hpp"

#include <doctest/doctest.h>

#include <asio/io_context.hpp>

#include "node/runtime/task_group.hpp"
#include "tests/support/manual_clock.hpp"

using namespace gridmail;
using namespace std::chrono_literals;

namespace {

struct Draining {
  Draining() {
    tasks.spawn(context.get_executor(), "drain", drain.run());
    run();
  }
  ~Draining() {
    tasks.cancel();
    run();
  }
  void run() {
    context.restart();
    context.poll();
  }
  void look(bool draining) {
    drain.look(draining);
    run();
  }
  void wait(Duration duration) {
    const auto until = clock.now() + duration;
    const auto mark = clock.call_at(until, [] {});
    while (clock.advance_to_next(until + Duration(1))) run();
  }

  asio::io_context context;
  testing::ManualClock clock;
  StopSignal end;
  int cut_off = 0;
  SessionDrain drain{clock, context.get_executor(), {2s, 20s}, end, [this] { ++cut_off; }};
  TaskGroup tasks{"test"};
};

}  // namespace

TEST_CASE(
    "sessions are sent away two check intervals after a node begins to drain, and cut off at the limit") {
  Draining node;
  node.look(false);
  node.wait(1h);
  CHECK_FALSE(node.end.is_set());
  node.look(true);
  node.wait(3900ms);
  CHECK_FALSE(node.end.is_set());
  node.wait(100ms);
  CHECK(node.end.is_set());
  node.wait(19s);
  CHECK(node.cut_off == 0);
  node.wait(1s);
  CHECK(node.cut_off == 1);
  node.wait(1h);
  CHECK(node.end.is_set());
  CHECK(node.cut_off == 1);
}

TEST_CASE("sessions are welcome again when the node drains no more, and the next drain is like the first") {
  Draining node;
  node.look(true);
  node.wait(2s);
  node.look(false);
  node.wait(10s);
  CHECK_FALSE(node.end.is_set());
  node.look(true);
  node.wait(4s);
  CHECK(node.end.is_set());
  node.look(false);
  CHECK_FALSE(node.end.is_set());
  node.wait(1h);
  CHECK(node.cut_off == 0);
  node.look(true);
  node.wait(4s);
  CHECK(node.end.is_set());
  node.wait(20s);
  CHECK(node.cut_off == 1);
}
