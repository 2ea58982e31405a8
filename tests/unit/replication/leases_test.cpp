// Leases between two nodes on virtual time.
#include "storage/replication/leases.hpp"

#include <doctest/doctest.h>
#include <asio/co_spawn.hpp>

#include "storage/replication/replication.pb.h"
#include "tests/support/lossy_network.hpp"
#include "tests/support/memory_store.hpp"

namespace gridmail {
namespace {

using namespace std::chrono_literals;

NodeId node(char name) {
  NodeId id;
  id.value.fill(name);
  return id;
}
const NodeId a = node('a'), b = node('b');

struct Pair {
  struct Side {
    MapVersion version = 5;
    MapVersion accepted = 5;
    bool working = true;
    bool full = false;
    std::unique_ptr<test::MemoryStore> disk;
    std::unique_ptr<DiskMarks> marks;
    std::unique_ptr<Network> port;
    std::unique_ptr<Leases> leases;
  };
  asio::io_context context;
  test::VirtualClock clock;
  SeededRandom random{1};
  test::LossyNetwork network{clock, random};
  Map map;
  Side one, other;

  Pair() {
    for (const auto& id : {a, b}) {
      Member member;
      member.id = id;
      member.name = id.brief();
      map.members.push_back(std::move(member));
    }
    map.voters = {b};
    start(one, a);
    start(other, b);
  }
  void start(Side& side, NodeId id) {
    if (!side.disk) side.disk = std::make_unique<test::MemoryStore>(clock, random);
    side.marks = std::make_unique<DiskMarks>(*side.disk);
    bool loaded = false;
    asio::co_spawn(context, side.marks->load(0, random, false),
                   [&](std::exception_ptr, Result<void> result) { loaded = result.has_value(); });
    run(10ms);
    REQUIRE(loaded);
    side.port = network.attach(id, id.brief());
    side.leases = std::make_unique<Leases>(
        id, context.get_executor(), clock, *side.port, *side.marks, LeaseSettings{},
        Leases::Surroundings{.map =
                                 [this, &side] {
                                   auto now = map;
                                   now.version = side.version;
                                   return std::make_shared<const Map>(std::move(now));
                                 },
                             .accepted_version = [&side] { return side.accepted; },
                             .working = [&side] { return side.working; },
                             .low_space = [&side] { return side.full; }});
    side.port->on_message([&side](NodeId from, std::uint16_t, const Bytes& payload) {
      side.leases->on_message(from, payload);
    });
    side.leases->start();
  }
  void run(Duration duration) { test::run_for(context, clock, duration); }
  Leases::Lent lent;
  bool held(MapVersion since = 5, MapVersion taken_in = 5) {
    return one.leases->held_from({b}, since, taken_in, lent);
  }
};

}  // namespace

TEST_CASE("a lease is held while it is renewed, and for two seconds after the last request") {
  Pair pair;
  CHECK_FALSE(pair.held());
  pair.run(1s);
  CHECK(pair.held());
  pair.run(10s);
  CHECK(pair.held());
  pair.network.partition({{a}, {b}});
  pair.run(1500ms);
  CHECK(pair.held());
  pair.run(600ms);
  CHECK_FALSE(pair.held());
}

TEST_CASE("with each grant its giver says whether its disk is full") {
  Pair pair;
  pair.run(1s);
  CHECK_FALSE(pair.one.leases->is_full(b));
  CHECK_FALSE(pair.one.leases->signs_of_life(1s, 2500ms).is_full(b));
  const auto before = pair.one.leases->signs_of_life(1s, 2500ms);
  pair.other.full = true;
  CHECK(pair.other.leases->is_full(b));
  CHECK(pair.other.leases->signs_of_life(1s, 2500ms).is_full(b));
  pair.run(500ms);
  CHECK(pair.one.leases->is_full(b));
  CHECK_FALSE(pair.one.leases->is_full(a));
  CHECK(pair.one.leases->signs_of_life(1s, 2500ms).is_full(b));
  // Slots that found nothing to do look again.
  CHECK_FALSE(pair.one.leases->signs_of_life(1s, 2500ms) == before);
  pair.other.full = false;
  pair.run(500ms);
  CHECK_FALSE(pair.one.leases->is_full(b));
}

TEST_CASE("who stops says so, and nobody waits for its silence to last") {
  Pair pair;
  pair.run(1s);
  CHECK(pair.one.leases->is_alive(b, 1s));
  pair.other.leases->stop();
  pair.run(100ms);
  CHECK_FALSE(pair.one.leases->is_alive(b, 1s));
  CHECK(pair.one.leases->silence(b) > 2500ms);
  pair.start(pair.other, b);
  pair.run(1s);
  CHECK(pair.one.leases->is_alive(b, 1s));
}

TEST_CASE("the giver is bound for longer than the holder holds") {
  Pair pair;
  pair.run(1s);
  pair.network.partition({{a}, {b}});
  const auto promise = pair.other.leases->promise_to(a);
  while (pair.held()) pair.run(10ms);
  CHECK_FALSE(pair.other.leases->is_over(a, promise, 0, 1));
  pair.run(1100ms);
  CHECK(pair.other.leases->is_over(a, promise, 0, 1));
}

TEST_CASE("a lease covers only epochs that began at or before the giver's map") {
  Pair pair;
  pair.run(1s);
  CHECK_FALSE(pair.held(6, 6));
  pair.other.version = 6;
  pair.run(1s);
  CHECK(pair.held(6, 6));
}

TEST_CASE("a grant that names a newer map than the slot has taken in is no good yet") {
  Pair pair;
  pair.other.version = 6;
  pair.run(1s);
  CHECK_FALSE(pair.held(5, 5));
  CHECK(pair.held(5, 6));
}

TEST_CASE("a node whose disk hangs gives and asks for no leases") {
  Pair pair;
  pair.run(1s);
  pair.other.working = false;
  pair.run(3s);
  CHECK_FALSE(pair.held());
  CHECK(pair.one.leases->silence(b) >= 2500ms);
  CHECK_FALSE(pair.one.leases->is_alive(b, 1s));
}

TEST_CASE("what was handed back binds no longer, for that slot and epoch only") {
  Pair pair;
  pair.run(1s);
  const auto promise = pair.other.leases->promise_to(a);
  pair.one.leases->hand_back(7, 4, {b});
  pair.run(10ms);
  CHECK(pair.other.leases->is_over(a, promise, 7, 4));
  CHECK_FALSE(pair.other.leases->is_over(a, promise, 7, 5));
  CHECK_FALSE(pair.other.leases->is_over(a, promise, 8, 4));
}

TEST_CASE(
    "a restarted holder holds nothing of its earlier life, and the giver learns so by its first message") {
  Pair pair;
  pair.run(1s);
  const auto promise = pair.other.leases->promise_to(a);
  pair.one.leases->stop();
  pair.start(pair.one, a);
  CHECK_FALSE(pair.held());
  pair.run(1s);
  CHECK(pair.other.leases->is_over(a, promise, 0, 1));
  CHECK(pair.held());
}

TEST_CASE("a primary without other copies reads under a majority of the voters that accepted no newer map") {
  Pair pair;
  pair.run(1s);
  auto map = pair.map;
  map.version = 5;
  CHECK(pair.one.leases->held_from_voters(map, 5));
  pair.other.accepted = 6;
  pair.run(1s);
  CHECK_FALSE(pair.one.leases->held_from_voters(map, 5));
}

TEST_CASE(
    "a lease asked with an opening covers an epoch that no other lease covers yet, and binds as they do") {
  Pair pair;
  pair.run(1s);
  pair.network.partition({{a}, {b}});
  pair.run(4s);  // all others are over
  const auto asked = pair.one.leases->ask_with_opening();
  pair.run(300ms);  // on its way
  REQUIRE(pair.other.leases->lend(a, asked.incarnation));
  pair.lent = {{b, asked}};
  CHECK(pair.held(6, 6));
  const auto promise = pair.other.leases->promise_to(a);
  pair.run(1690ms);
  CHECK(pair.held(6, 6));
  pair.run(20ms);
  CHECK_FALSE(pair.held(6, 6));  // two seconds from the question
  CHECK_FALSE(pair.other.leases->is_over(a, promise, 0, 1));
  pair.run(1300ms);
  CHECK(pair.other.leases->is_over(a, promise, 0, 1));
}

TEST_CASE("a lease asked with an opening is handed back, and gone with the life that asked for it") {
  Pair pair;
  pair.run(1s);
  const auto asked = pair.one.leases->ask_with_opening();
  REQUIRE(pair.other.leases->lend(a, asked.incarnation));
  pair.lent = {{b, asked}};
  const auto promise = pair.other.leases->promise_to(a);
  pair.one.leases->hand_back(7, 4, {b});
  pair.run(10ms);
  CHECK(pair.other.leases->is_over(a, promise, 7, 4));
  CHECK(pair.held(6, 6));
  pair.one.leases->stop();
  pair.start(pair.one, a);
  CHECK_FALSE(pair.held(6, 6));
  pair.run(1s);
  CHECK_FALSE(pair.held(6, 6));
  CHECK_FALSE(pair.other.leases->lend(a, asked.incarnation));
  CHECK(pair.other.leases->is_over(a, promise, 0, 1));
}

TEST_CASE("a copy whose disk hangs, and one that the asker has not met, lend nothing with an opening") {
  Pair pair;
  const auto asked = pair.one.leases->ask_with_opening();
  CHECK_FALSE(pair.other.leases->lend(a, asked.incarnation));
  pair.run(1s);
  CHECK(pair.other.leases->lend(a, asked.incarnation));
  pair.other.working = false;
  CHECK_FALSE(pair.other.leases->lend(a, asked.incarnation));
}

TEST_CASE("who is heard but says that it hears nothing gives no sign of life") {
  Pair pair;
  pair.run(1s);
  CHECK(pair.one.leases->is_alive(b, 1s));
  pair.network.block(a, b);
  pair.run(3s);
  CHECK(pair.one.leases->silence(b) >= 2500ms);
  CHECK_FALSE(pair.one.leases->is_alive(b, 1s));
  CHECK(pair.one.leases->signs_of_life(1s, 2500ms).is_dead(b));
  pair.network.heal();
  pair.run(1s);
  CHECK(pair.one.leases->is_alive(b, 1s));
}

TEST_CASE("an old disk is found out by the mark that a peer remembers, and is given leases as another life") {
  Pair pair;
  pair.run(1s);
  const auto backup = pair.one.disk->image();
  pair.one.leases->stop();
  pair.start(pair.one, a);
  pair.run(1s);
  CHECK(pair.one.marks->life() == 0);
  CHECK(pair.other.marks->knows(a, pair.one.marks->newest().start));
  pair.one.leases->stop();
  pair.one.disk->restore(backup);
  pair.start(pair.one, a);
  pair.run(1s);
  CHECK(pair.one.marks->life() == 1);
  CHECK(pair.one.marks->has_met(b));
  CHECK(pair.other.marks->life() == 0);
  CHECK(pair.other.marks->knows(a, pair.one.marks->newest().start));
}

TEST_CASE("an old disk has leases too where the clock on the wall went back below starts it has forgotten") {
  Pair pair;
  pair.run(1s);
  const auto backup = pair.one.disk->image();
  for (int start = 0; start < 3; ++start) {
    pair.one.leases->stop();
    pair.start(pair.one, a);
    pair.run(1s);
  }
  const auto forgotten = pair.one.marks->newest();
  const auto promise = pair.other.leases->promise_to(a);
  CHECK(promise.incarnation == forgotten.start);
  pair.one.leases->stop();
  pair.one.disk->restore(backup);
  pair.start(pair.one, a);
  CHECK(pair.one.marks->newest().start < forgotten.start);
  pair.run(1s);
  CHECK(pair.one.marks->life() == 1);
  CHECK(pair.one.marks->newest().start > forgotten.start);
  CHECK(pair.held());
  CHECK(pair.other.leases->is_over(a, promise, 0, 1));
}

}  // namespace gridmail
