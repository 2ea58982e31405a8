// Queue entries whose next hop rests, or has no room: they wait in the store, and cost nothing there.
#include "node/base/log.hpp"
#include "tests/unit/queue/memory_grid.hpp"

using namespace gridmail;
using namespace gridmail::test;
using namespace std::chrono_literals;

namespace {

struct Waiting {
  explicit Waiting(std::uint64_t seed) : grid(seed) { set_log_level(Level::error); }
  void submit(const std::string& address, const std::string& sender = "sender@example.net") {
    auto incoming = MemoryGrid::message({}, "Subject: hello\r\n\r\nworld\r\n");
    incoming.sender = sender;
    incoming.recipients.push_back({UserId{}, address, address, 0, {}});
    REQUIRE(grid.run_to_end(grid.fronts.at(grid.nodes[0])->delivery.deliver(std::move(incoming))));
  }
  /// Submits so many to a hop that is dead, and waits until each has its reason.
  void submit_to_dead(int messages) {
    remote().is_dead = [](const std::string& hop) { return hop == "dead.test"; };
    for (int i = 0; i < messages; ++i) submit("a" + std::to_string(i) + "@dead.test");
    grid.run(10s);
  }
  [[nodiscard]] MemoryRemote& remote() { return here ? grid.remote : grid.other_remote; }
  void send_elsewhere() {
    here = false;
    grid.senders = {grid.other_node};
  }
  MemoryGrid grid;
  bool here = true;
};

}  // namespace

TEST_CASE("a long queue for a hop that rests is written once with its reason, and then not touched") {
  for (const bool here : {true, false}) {
    Waiting waiting(1);
    if (!here) waiting.send_elsewhere();
    waiting.submit_to_dead(300);
    for (const auto& entry : waiting.grid.queued()) CHECK(!entry.last_error().empty());
    const auto commits = waiting.grid.slots.commits();
    waiting.grid.run(1h);
    CHECK(waiting.grid.slots.commits() - commits < 300);  // of real attempts: some for each rest of 2 min
    waiting.remote().is_dead = {};
    REQUIRE(waiting.grid.run_until_true(3min, [&] { return waiting.remote().delivered.size() == 300; }));
    for (const auto& [address, count] : waiting.remote().delivered) CHECK(count == 1);
  }
}

TEST_CASE("while a hop rests all the time, senders are told of the delay and at last that it is over") {
  Waiting waiting(2);
  waiting.submit_to_dead(20);
  auto& reports = waiting.grid.remote.reports;
  const auto told = [&](queue::Report::Kind kind) {
    return std::count_if(reports.begin(), reports.end(),
                         [&](const auto& report) { return report.kind() == kind; });
  };
  waiting.grid.run(239min);
  CHECK(reports.empty());
  waiting.grid.run(2min);
  CHECK(told(queue::Report::DELAYED) == 20);
  waiting.grid.run(115h);
  CHECK(told(queue::Report::FAILED) == 0);
  waiting.grid.run(2h);
  CHECK(told(queue::Report::FAILED) == 20);
  CHECK(told(queue::Report::DELAYED) == 20);
  CHECK(waiting.grid.queued().empty());
}

TEST_CASE(
    "who asks for a retry does not wait for the end of a rest, and a dead hop rests on after one attempt") {
  for (const bool here : {true, false}) {
    Waiting waiting(3);
    if (!here) waiting.send_elsewhere();
    waiting.submit_to_dead(10);
    waiting.grid.run(20min);  // it rests for 2 min each time
    const auto retry_all = [&] {
      for (const auto& entry : waiting.grid.queued())
        CHECK(waiting.grid.run_to_end(
            waiting.grid.queue_client.retry(*QueueEntryId::from_bytes(entry.entry()), {})));
    };
    const auto attempts = waiting.remote().attempts["dead.test"];
    retry_all();
    waiting.grid.run(3s);
    CHECK(waiting.remote().attempts["dead.test"] > attempts);
    CHECK(waiting.remote().attempts["dead.test"] <= attempts + 10);
    waiting.remote().is_dead = {};
    retry_all();
    CHECK(waiting.grid.run_until_true(3s, [&] { return waiting.remote().delivered.size() == 10; }));
  }
}

TEST_CASE("a long queue flows without a pause, whichever node sends it, and not all of it at once") {
  for (const bool here : {true, false}) {
    Waiting waiting(4);
    if (!here) waiting.send_elsewhere();
    waiting.submit_to_dead(1000);
    waiting.grid.run(1min);  // now all of it is due
    waiting.remote().is_dead = {};
    waiting.grid.run_until_true(3min, [&] { return !waiting.remote().delivered.empty(); });
    const auto begun = waiting.grid.clock.now();
    REQUIRE(waiting.grid.run_until_true(10min, [&] { return waiting.remote().delivered.size() == 1000; }));
    CHECK(waiting.grid.clock.now() - begun < 10s);
    CHECK(waiting.remote().at_once_max <= 20);
  }
}

TEST_CASE("who sends one message to a hop does not wait behind all that another sends to it") {
  for (const bool here : {true, false}) {
    Waiting waiting(5);
    if (!here) waiting.send_elsewhere();
    auto& grid = waiting.grid;
    waiting.remote().before_end = [&grid] { return sleep_for(grid.clock, 10s); };
    for (int i = 0; i < 300; ++i)
      waiting.submit("a" + std::to_string(i) + "@x.test", "news+" + std::to_string(i) + "@example.net");
    waiting.submit("b@x.test", "b@example.net");
    CHECK(grid.run_until_true(25s, [&] { return waiting.remote().delivered.contains("b@x.test"); }));
    CHECK(waiting.remote().delivered.size() < 50);
    CHECK(grid.run_until_true(10min, [&] { return waiting.remote().delivered.size() == 301; }));
    for (const auto& [address, count] : waiting.remote().delivered) CHECK(count == 1);
  }
}

TEST_CASE("of the room for a hop some is kept for those of whom little is under way") {
  HopRooms rooms({.each_max = 5, .kept_for_few = 2, .few = 2});
  int called = 0;
  const auto call = [&] { ++called; };
  using Entry = HopRooms::Entry;
  for (int i = 0; i < 3; ++i) CHECK(rooms.enter("x", 1, call) == Entry::inside);
  CHECK(rooms.enter("x", 1, call) == Entry::waiting);
  CHECK(rooms.enter("x", 1, {}) == Entry::waiting);
  CHECK(rooms.enter("x", 2, {}) == Entry::inside);
  CHECK(rooms.enter("x", 2, {}) == Entry::inside);
  CHECK(rooms.enter("x", 3, call) == Entry::waiting);
  CHECK(rooms.enter("y", 3, call) == Entry::inside);
  rooms.leave("x", 1);
  CHECK(called == 2);
  CHECK(rooms.enter("x", 1, {}) == Entry::waiting);
  CHECK(rooms.enter("x", 3, {}) == Entry::inside);
}

TEST_CASE("how many go to one hop at once has a limit, and who found no room is called, in turn") {
  HopRooms rooms({.each_max = 2, .kept_for_few = 0, .all_max = 3, .waiting_max = 2});
  std::string called;
  const auto caller = [&](char c) { return [&called, c] { called += c; }; };
  using Entry = HopRooms::Entry;
  CHECK(rooms.enter("x", 1, caller('a')) == Entry::inside);
  CHECK(rooms.enter("x", 1, caller('b')) == Entry::inside);
  CHECK(rooms.enter("x", 1, caller('c')) == Entry::waiting);
  CHECK(rooms.enter("x", 1, caller('d')) == Entry::waiting);
  CHECK(rooms.enter("x", 1, caller('e')) == Entry::full);
  CHECK(rooms.enter("y", 1, caller('f')) == Entry::inside);
  CHECK(rooms.enter("y", 1, caller('g')) == Entry::full);
  rooms.leave("y", 1);
  CHECK(called.empty());
  rooms.leave("x", 1);
  CHECK(called == "cd");
  CHECK(rooms.enter("x", 1, caller('h')) == Entry::inside);
  rooms.leave("x", 1);
  rooms.leave("x", 1);
  CHECK(called == "cd");
}
