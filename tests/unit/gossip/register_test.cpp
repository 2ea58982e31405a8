#include <doctest/doctest.h>

#include "tests/unit/gossip/support/quiet_log.hpp"
#include "tests/unit/gossip/support/register_cluster.hpp"

namespace gridmail {
namespace {

using namespace std::chrono_literals;
using test::node;
using test::RegisterCluster;

/// Asks for a new epoch of a slot, marked so that changes can be told apart.
MapChange new_epoch(const Map& map, SlotId slot, NodeId mark) {
  MapChange change;
  SlotRow row = map.rows[slot];
  row.retired.clear();
  if (!row.holds(mark)) row.retired.insert(mark);
  change.slots.push_back({slot, map.rows[slot].epoch, row});
  return change;
}

TEST_CASE("a grid of one agrees on its own, at once and across a restart") {
  RegisterCluster grid(1);
  grid.create(1);
  auto& first = grid.nodes[0];
  const auto begin = grid.clock.now();
  const auto agreed = grid.propose(first, new_epoch(*first.service->current(), 2, node(1)));
  REQUIRE(agreed);
  CHECK((*agreed)->rows[2].epoch == 2);
  CHECK(grid.clock.now() - begin < 20ms);
  grid.crash(first);
  grid.start(first);
  REQUIRE(first.service->current());
  CHECK(*first.service->current() == **agreed);
  CHECK(first.service->accepted_version() == (*agreed)->version);
  CHECK(grid.propose(first, new_epoch(*first.service->current(), 2, node(1))));
}

TEST_CASE("a node without a grid refuses changes, and takes in no pushed map") {
  RegisterCluster grid(2);
  auto& alone = grid.add_node(1);
  grid.start(alone);
  CHECK(grid.propose(alone, {}).error().code == Errc::unavailable);
  CHECK(alone.service->current() == nullptr);
  CHECK(alone.service->accepted_version() == 0);
}

TEST_CASE("voters grow to three and five by themselves") {
  RegisterCluster grid(3);
  grid.create(5);
  grid.pass(10s);
  for (auto& n : grid.nodes) {
    CHECK(n.service->current()->voters.size() == 5);
    CHECK(n.service->current()->voters_before.empty());
  }
}

TEST_CASE("a change asked for on any node reaches every node") {
  RegisterCluster grid(4);
  grid.create(3);
  grid.pass(5s);
  for (auto& n : grid.nodes) {
    const auto agreed = grid.propose(n, new_epoch(*n.service->current(), 1, n.id));
    REQUIRE(agreed);
    grid.pass(100ms);
    for (auto& other : grid.nodes) CHECK(other.service->current()->version == (*agreed)->version);
  }
}

TEST_CASE("changes that arrive together are agreed in one round") {
  RegisterCluster grid(5);
  grid.create(3);
  grid.pass(5s);
  const auto map = grid.nodes[0].service->current();
  unsigned answered = 0;
  for (SlotId slot = 0; slot < 4; ++slot) {
    grid.propose(grid.nodes[slot % 3], new_epoch(*map, slot, node(2)), [&](const Result<MapPtr>& result) {
      REQUIRE(result);
      ++answered;
    });
  }
  grid.pass(1s);
  CHECK(answered == 4);
  CHECK(grid.nodes[0].service->current()->version == map->version + 1);
}

TEST_CASE("with the lowest voter dead, and not yet known to be, the next one is asked") {
  RegisterCluster grid(6);
  grid.create(3);
  grid.pass(5s);
  grid.crash(grid.nodes[0]);
  grid.seems_alive = [](NodeId) { return true; };
  const auto begin = grid.clock.now();
  REQUIRE(grid.propose(grid.nodes[2], new_epoch(*grid.nodes[2].service->current(), 0, node(3))));
  CHECK(grid.clock.now() - begin < 600ms);
}

TEST_CASE("without a majority nothing is agreed, and with it again everything is") {
  RegisterCluster grid(7);
  grid.create(3);
  grid.pass(5s);
  grid.crash(grid.nodes[0]);
  grid.crash(grid.nodes[1]);
  const auto change = new_epoch(*grid.nodes[2].service->current(), 0, node(3));
  CHECK(grid.propose(grid.nodes[2], change).error().code == Errc::timed_out);
  grid.start(grid.nodes[0]);
  CHECK(grid.propose(grid.nodes[2], change));
}

TEST_CASE("a map whose acceptance the proposer did not survive is carried through by the next one") {
  RegisterCluster grid(8);
  grid.create(3);
  grid.pass(5s);
  // Node 1 proposes and dies at some point of the round.
  for (int step = 0; step < 12; ++step) {
    auto& first = grid.nodes[0];
    grid.propose(first, new_epoch(*first.service->current(), 0, node(1)), [](const Result<MapPtr>&) {});
    grid.pass(50ms + step * 1ms);
    grid.crash(first);
    REQUIRE(grid.propose(grid.nodes[1], new_epoch(*grid.nodes[1].service->current(), 1, node(2))));
    grid.start(first);
    grid.pass(1s);
  }
  grid.pass(2s);
}

TEST_CASE("a node that was away fetches the newest map") {
  RegisterCluster grid(9);
  grid.create(3);
  grid.pass(5s);
  grid.crash(grid.nodes[2]);
  const auto agreed = grid.propose(grid.nodes[0], new_epoch(*grid.nodes[0].service->current(), 0, node(1)));
  REQUIRE(agreed);
  grid.start(grid.nodes[2]);
  CHECK(grid.nodes[2].service->current()->version < (*agreed)->version);
  grid.nodes[2].service->fetch_from(node(1));
  grid.pass(100ms);
  CHECK(grid.nodes[2].service->current()->version == (*agreed)->version);
}

TEST_CASE("a voter dead for long is replaced") {
  RegisterCluster grid(10);
  grid.create(4);
  grid.pass(5s);
  grid.crash(grid.nodes[1]);
  grid.dead_for_long = {node(2)};
  grid.pass(5s);
  const auto map = grid.nodes[0].service->current();
  CHECK(map->voters == NodeSet{node(1), node(3), node(4)});
  CHECK(map->voters_before.empty());
}

TEST_CASE("a voter whose disk refuses the write does not vote") {
  const test::QuietLog quiet;
  RegisterCluster grid(11);
  grid.create(3);
  grid.pass(5s);
  grid.nodes[0].disk->fail_with(Errc::no_space);
  grid.nodes[1].disk->fail_with(Errc::no_space);
  const auto change = new_epoch(*grid.nodes[2].service->current(), 0, node(3));
  CHECK(grid.propose(grid.nodes[2], change).error().code == Errc::timed_out);
  grid.nodes[0].disk->fail_with(std::nullopt);
  CHECK(grid.propose(grid.nodes[2], change));
}

TEST_CASE("a voter says nothing before its disk has it") {
  RegisterCluster grid(13);
  grid.create(3);
  grid.pass(5s);
  grid.nodes[0].disk->stall(true);
  grid.nodes[1].disk->stall(true);
  const auto change = new_epoch(*grid.nodes[2].service->current(), 0, node(3));
  CHECK(grid.propose(grid.nodes[2], change).error().code == Errc::timed_out);
  grid.nodes[0].disk->stall(false);
  CHECK(grid.propose(grid.nodes[2], change));
}

TEST_CASE(
    "a voter with an old disk says so, votes no more, and votes again once the others have put it out") {
  const test::QuietLog quiet;
  RegisterCluster grid(14);
  grid.create(3);
  grid.pass(5s);
  auto& voter = grid.nodes[1];
  const auto image = voter.disk->image();
  grid.crash(voter);
  grid.start(voter);  // a mark that the image lacks, and that the others remember
  grid.pass(2s);
  REQUIRE(grid.propose(grid.nodes[0], new_epoch(*grid.nodes[0].service->current(), 0, node(1))));
  grid.crash(voter);
  voter.disk->restore(image);
  grid.start(voter);
  grid.pass(2s);
  CHECK(grid.old_disks == NodeSet{node(2)});
  grid.crash(grid.nodes[2]);
  // Two of three are up, but one of them does not vote.
  CHECK_FALSE(grid.propose(grid.nodes[0], new_epoch(*grid.nodes[0].service->current(), 0, node(1))));
  grid.start(grid.nodes[2]);
  grid.pass(10s);
  CHECK(grid.old_disks.empty());
  CHECK(grid.nodes[0].service->current()->voters == NodeSet{node(1), node(2), node(3)});
  grid.crash(grid.nodes[2]);
  CHECK(grid.propose(grid.nodes[0], new_epoch(*grid.nodes[0].service->current(), 0, node(1))));
}

TEST_CASE("a voter that restarts again and again votes on, and so does one that was away meanwhile") {
  RegisterCluster grid(15);
  grid.create(3);
  grid.pass(5s);
  for (int i = 0; i < 6; ++i) {
    auto& one = grid.nodes[static_cast<std::size_t>(i) % 3];
    auto& other = grid.nodes[static_cast<std::size_t>(i + 1) % 3];
    grid.crash(one);
    REQUIRE(grid.propose(other, new_epoch(*other.service->current(), 0, node(1))));
    grid.start(one);
    grid.crash(other);
    REQUIRE(grid.propose(one, new_epoch(*one.service->current(), 0, node(1))));
    grid.start(other);
    grid.pass(1s);
  }
  CHECK(grid.old_disks.empty());
}

TEST_CASE("stopping answers what is pending") {
  RegisterCluster grid(12);
  grid.create(3);
  grid.pass(5s);
  std::optional<Errc> code;
  auto& last = grid.nodes[2];
  grid.propose(last, new_epoch(*last.service->current(), 0, node(3)), [&](const Result<MapPtr>& result) {
    if (!result) code = result.error().code;
  });
  last.service->stop();
  grid.pass(1s);
  CHECK(code == Errc::cancelled);
}

}  // namespace
}  // namespace gridmail
