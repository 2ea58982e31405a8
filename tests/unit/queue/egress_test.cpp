// Queue entries that another node sends than their slot's primary.
#include "node/base/log.hpp"
#include "storage/queue/egress_choice.hpp"
#include "tests/unit/queue/memory_grid.hpp"

using namespace gridmail;
using namespace gridmail::test;
using namespace std::chrono_literals;

namespace {

struct Handing {
  explicit Handing(std::uint64_t seed) : grid(seed) {
    set_log_level(Level::error);
    grid.senders = {grid.other_node};
  }
  void submit(const std::vector<std::string>& addresses, const std::string& body = letter) {
    auto incoming = MemoryGrid::message({}, body);
    for (const auto& address : addresses) incoming.recipients.push_back({UserId{}, address, address, 0, {}});
    REQUIRE(grid.run_to_end(grid.fronts.at(grid.nodes[0])->delivery.deliver(std::move(incoming))));
  }
  MemoryGrid grid;
};

}  // namespace

TEST_CASE(
    "one node sends what goes to one hop, whoever is asked, and one that goes moves only its own hops") {
  std::vector<NodeId> nodes;
  for (char c = 'a'; c < 'h'; ++c) nodes.push_back(*NodeId::from_bytes(Bytes(sizeof(NodeId), c)));
  auto fewer = nodes;
  const auto gone = fewer.back();
  fewer.pop_back();
  std::map<NodeId, int> shares;
  for (int i = 0; i < 7000; ++i) {
    const auto hop = "d" + std::to_string(i) + ".test";
    const auto chosen = choose_egress(hop, nodes);
    REQUIRE(chosen);
    ++shares[*chosen];
    if (*chosen != gone) CHECK(choose_egress(hop, fewer) == chosen);
  }
  for (const auto& [node, share] : shares) CHECK((share > 800 && share < 1200));
  CHECK_FALSE(choose_egress("d.test", {}));
}

TEST_CASE("what is handed to another node is sent by it once, and written down where the entry lies") {
  Handing handing(1);
  auto& grid = handing.grid;
  const std::string large(600 * 1024, 'x');
  handing.submit({"a@x.test", "b@x.test", "c@y.test"}, large);
  REQUIRE(grid.run_until_true(10s, [&] { return grid.other_remote.delivered.size() == 3; }));
  grid.run(60s);
  for (const auto& [address, count] : grid.other_remote.delivered) CHECK(count == 1);
  CHECK(grid.other_remote.last_body == large);
  CHECK(grid.remote.attempts.empty());
  CHECK(handing.grid.queued().empty());
  CHECK(grid.trace.count(trace::Event::SENT) == 3);
}

TEST_CASE("nothing is sent twice, whatever the network does to what the two nodes say") {
  for (std::uint64_t seed = 20; seed < 30; ++seed) {
    Handing handing(seed);
    auto& grid = handing.grid;
    grid.network.faults.loss = 0.4;
    grid.network.faults.duplicates = 0.4;
    grid.network.faults.delay_max = 3s;
    for (int i = 0; i < 10; ++i) handing.submit({"a" + std::to_string(i) + "@x.test"});
    REQUIRE(grid.run_until_true(10min, [&] { return grid.other_remote.delivered.size() == 10; }));
    grid.run(5min);
    for (const auto& [address, count] : grid.other_remote.delivered) CHECK(count == 1);
    CHECK(handing.grid.queued().empty());
  }
}

TEST_CASE(
    "the slot moves while another node sends: the next primary hands it to the same one, which goes on") {
  Handing handing(2);
  auto& grid = handing.grid;
  grid.other_remote.rule = [&](const std::string&) {  // the remote has taken it; its reply is on the way
    for (SlotId slot = 0; slot < MemorySlots::slot_count; ++slot) grid.slots.open(slot);
    return queue::Outcome::DELIVERED;
  };
  handing.submit({"a@x.test"});
  grid.run(2min);
  CHECK(grid.other_remote.delivered["a@x.test"] == 1);
  CHECK(handing.grid.queued().empty());
}

TEST_CASE("what was held or removed meanwhile is broken off before the end of data") {
  Handing handing(3);
  auto& grid = handing.grid;
  bool removed = false;
  grid.other_remote.before_end = [&]() -> Task<void> {
    if (std::exchange(removed, true)) co_return;
    for (SlotId slot = 0; slot < MemorySlots::slot_count; ++slot) {
      const auto listing = co_await grid.queue_client.list(slot, {});
      for (const auto& entry : listing->entries())
        (void)co_await grid.queue_client.remove(*QueueEntryId::from_bytes(entry.entry()), {});
    }
  };
  handing.submit({"a@x.test"});
  grid.run(1min);
  CHECK(grid.other_remote.delivered.empty());
  CHECK(handing.grid.queued().empty());
}

TEST_CASE("the node that sends falls silent: the parcel goes by another one") {
  Handing handing(4);
  auto& grid = handing.grid;
  grid.network.block(grid.queue_node, grid.other_node);
  handing.submit({"a@x.test"});
  grid.run(3s);
  grid.senders = {grid.queue_node};
  REQUIRE(grid.run_until_true(20s, [&] { return grid.remote.delivered["a@x.test"] == 1; }));
  grid.run(1min);
  CHECK(grid.other_remote.delivered.empty());
  CHECK(handing.grid.queued().empty());
}

TEST_CASE("a retry that is asked for while the node that sends is silent is made when it is back") {
  Handing handing(8);
  auto& grid = handing.grid;
  grid.network.block(grid.queue_node, grid.other_node);
  handing.submit({"a@x.test"});
  grid.run(1s);
  const auto id = *QueueEntryId::from_bytes(grid.queued().at(0).entry());
  REQUIRE(grid.run_to_end(grid.queue_client.retry(id, {})));
  grid.network.heal();
  CHECK(grid.run_until_true(10s, [&] { return grid.other_remote.delivered["a@x.test"] == 1; }));
  grid.run(1min);
  CHECK(grid.queued().empty());
}

TEST_CASE("while no node sends, mail waits and the list says why") {
  Handing handing(5);
  auto& grid = handing.grid;
  grid.senders.clear();
  handing.submit({"a@x.test"});
  grid.run(2s);
  const auto waiting = handing.grid.queued();
  REQUIRE(waiting.size() == 1);
  CHECK(waiting[0].last_error() == "no node that sends mail is there now");
  grid.senders = {grid.other_node};
  REQUIRE(grid.run_until_true(1min, [&] { return grid.other_remote.delivered["a@x.test"] == 1; }));
}

TEST_CASE("a destination that the other node cannot reach is deferred there once, and rests for all") {
  Handing handing(6);
  auto& grid = handing.grid;
  grid.other_remote.is_dead = [](const std::string&) { return true; };
  for (int i = 0; i < 30; ++i) handing.submit({"a" + std::to_string(i) + "@x.test"});
  grid.run(4s);
  CHECK(grid.other_remote.attempts["x.test"] <= 2);
  grid.other_remote.is_dead = {};
  REQUIRE(grid.run_until_true(5min, [&] { return grid.other_remote.delivered.size() == 30; }));
  for (const auto& [address, count] : grid.other_remote.delivered) CHECK(count == 1);
}

TEST_CASE("200 messages to a destination that says nothing hold nobody else up, here or at another node") {
  for (const bool here : {true, false}) {
    Handing handing(7);
    auto& grid = handing.grid;
    if (here) grid.senders = {grid.queue_node};
    auto& remote = here ? grid.remote : grid.other_remote;
    remote.clock = &grid.clock;
    remote.silent["dead.test"] = 30s;
    for (int i = 0; i < 200; ++i) handing.submit({"x@dead.test"});
    for (int i = 0; i < 20; ++i) {
      handing.submit({"a" + std::to_string(i) + "@x" + std::to_string(i % 4) + ".test"});
      CHECK(grid.run_until_true(2s,
                                [&] { return remote.delivered.size() == static_cast<std::size_t>(i + 1); }));
      grid.run(5s);
    }
    CHECK(remote.attempts["dead.test"] < 40);
  }
}
