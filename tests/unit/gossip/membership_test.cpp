#include <doctest/doctest.h>

#include "gossip/membership/membership.pb.h"
#include "gossip/membership/node_record.hpp"
#include "gossip/membership/sealing.hpp"
#include "gossip/membership/suspicion.hpp"
#include "tests/unit/gossip/support/quiet_log.hpp"
#include "tests/unit/gossip/support/swim_cluster.hpp"

namespace gridmail {
namespace {

using namespace std::chrono_literals;
using test::node;
using test::QuietLog;
using test::SwimCluster;

TEST_CASE("nodes hear of each other soon, with names, figures and versions") {
  SwimCluster grid(1, 5);
  grid.at(2).membership->set_load(0.5, 1000);
  grid.pass(6s);
  for (unsigned i = 1; i <= 5; ++i) {
    const auto view = grid.at(i).membership->view();
    REQUIRE(view->size() == 5);
    for (const auto& [id, status] : *view) {
      CHECK(status.heard);
      CHECK(status.state == Liveness::alive);
      CHECK(status.program_version == "1.0");
      CHECK(status.figures.map_version == grid.map->version);
    }
    CHECK(view->at(node(2)).figures.load == 0.5);
    CHECK(view->at(node(2)).figures.disk_free_bytes == 1000);
  }
}

TEST_CASE("a dead node among eight is found dead by all within about five seconds") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    SwimCluster grid(seed, 8);
    grid.pass(10s);
    grid.crash(grid.at(3));
    const auto begin = grid.clock.now();
    REQUIRE(grid.until(20s, [&] { return grid.all_see(3, Liveness::dead); }));
    CHECK(grid.clock.now() - begin < 8s);
    CHECK(grid.at(1).membership->is_alive(node(1)));
    CHECK_FALSE(grid.at(1).membership->is_alive(node(3)));
    CHECK(grid.at(1).membership->dead_for(0s) == NodeSet{node(3)});
    CHECK(grid.at(1).membership->dead_for(1h).empty());
    for (unsigned i = 4; i <= 8; ++i) CHECK(grid.all_see(i, Liveness::alive));
  }
}

TEST_CASE("the first to see a death sees it within five seconds on average") {
  Duration sum{};
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SwimCluster grid(seed, 8);
    grid.pass(10s);
    grid.crash(grid.at(3));
    const auto begin = grid.clock.now();
    REQUIRE(grid.until(20s, [&] { return grid.state_of(3, 1) == Liveness::dead; }));
    sum += grid.clock.now() - begin;
  }
  CHECK(sum / 20 < 5s);
}

TEST_CASE("a third of all datagrams lost kills nobody for long") {
  SwimCluster grid(3, 8);
  grid.network.faults.loss = 0.3;
  grid.pass(120s);
  grid.network.faults.loss = 0;
  grid.pass(15s);
  for (unsigned i = 1; i <= 8; ++i) CHECK(grid.all_see(i, Liveness::alive));
}

TEST_CASE("a false suspicion is refuted before it becomes a death") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    SwimCluster grid(seed, 8);
    grid.pass(5s);
    // Nodes 1 to 4 cannot reach node 8, but node 8 and the others reach everybody: indirect probes save it,
    // and where they do not, the others tell it.
    for (unsigned i = 1; i <= 4; ++i) grid.network.block(node(i), node(8));
    grid.pass(60s);
    for (auto& n : grid.nodes) {
      for (const auto& status : n->changes) CHECK(status.state != Liveness::dead);
    }
  }
}

TEST_CASE("a node that pauses shortly is suspected, and refutes with a higher incarnation") {
  SwimCluster grid(5, 8);
  grid.pass(5s);
  const auto before = grid.at(1).membership->view()->at(node(8)).incarnation;
  grid.at(8).working = false;
  REQUIRE(grid.until(10s, [&] { return grid.state_of(8, 1) == Liveness::suspect; }));
  grid.at(8).working = true;
  grid.pass(5s);
  CHECK(grid.all_see(8, Liveness::alive));
  CHECK(grid.at(1).membership->view()->at(node(8)).incarnation > before);
}

TEST_CASE("a node whose disk does not work is declared dead though it runs, and comes back") {
  SwimCluster grid(6, 5);
  grid.pass(5s);
  grid.at(2).working = false;
  REQUIRE(grid.until(15s, [&] { return grid.all_see(2, Liveness::dead); }));
  grid.pass(10s);
  CHECK(grid.all_see(2, Liveness::dead));
  grid.at(2).working = true;
  CHECK(grid.until(10s, [&] { return grid.all_see(2, Liveness::alive); }));
}

TEST_CASE("a partition heals however long it lasted") {
  SwimCluster grid(7, 8);
  grid.pass(5s);
  std::vector<std::vector<NodeId>> halves(2);
  for (unsigned i = 1; i <= 8; ++i) halves[i % 2].push_back(node(i));
  grid.network.partition(halves);
  grid.pass(600s);
  CHECK(grid.state_of(2, 1) == Liveness::dead);
  CHECK(grid.state_of(1, 2) == Liveness::dead);
  CHECK(grid.state_of(3, 1) == Liveness::alive);
  grid.network.heal();
  CHECK(grid.until(15s, [&] {
    for (unsigned i = 1; i <= 8; ++i)
      if (!grid.all_see(i, Liveness::alive)) return false;
    return true;
  }));
}

TEST_CASE("a node that restarts is alive again at once") {
  SwimCluster grid(8, 6);
  grid.pass(5s);
  grid.crash(grid.at(4));
  REQUIRE(grid.until(20s, [&] { return grid.all_see(4, Liveness::dead); }));
  grid.start(grid.at(4));
  CHECK(grid.until(3s, [&] { return grid.all_see(4, Liveness::alive); }));
}

TEST_CASE("news of a newer map names a node that has it, until it is taken in") {
  SwimCluster grid(9, 4);
  grid.pass(5s);
  Map next = *grid.map;
  ++next.version;
  const auto newer = std::make_shared<const Map>(next);
  grid.at(2).membership->set_mapped_members(newer);
  grid.pass(3s);
  for (unsigned i : {1U, 3U, 4U}) {
    REQUIRE_FALSE(grid.at(i).newer_maps.empty());
    CHECK(grid.at(i).newer_maps.front() == std::pair(node(2), next.version));
    grid.at(i).membership->set_mapped_members(newer);
    grid.at(i).newer_maps.clear();
  }
  grid.pass(5s);
  for (auto& n : grid.nodes) CHECK(n->newer_maps.empty());
}

TEST_CASE("a node the map has removed is listened to no more") {
  SwimCluster grid(10, 4);
  grid.pass(5s);
  MapChange removal;
  removal.removals.push_back({node(4)});
  // Nothing names node 4 in this map but the member list.
  const auto next = std::make_shared<const Map>(apply(*grid.map, removal));
  REQUIRE(next->member(node(4)) == nullptr);
  for (unsigned i = 1; i <= 3; ++i) grid.at(i).membership->set_mapped_members(next);
  grid.pass(1s);
  for (unsigned i = 1; i <= 3; ++i) grid.at(i).changes.clear();
  grid.pass(30s);
  for (unsigned i = 1; i <= 3; ++i) {
    CHECK_FALSE(grid.at(i).membership->view()->contains(node(4)));
    CHECK(grid.at(i).changes.empty());
  }
  CHECK(grid.state_of(1, 4) == Liveness::dead);
}

TEST_CASE(
    "keys rotate without anybody being suspected, though nodes learn of each step one after the other") {
  SwimCluster grid(11, 5);
  grid.pass(5s);
  const Bytes old_key = grid.keys.keys.front();
  const Bytes new_key = draw_gossip_key(grid.random);
  for (auto& n : grid.nodes) n->changes.clear();
  for (const auto& ring : {KeyRing{{old_key, new_key}}, KeyRing{{new_key, old_key}}, KeyRing{{new_key}}}) {
    Map next = *grid.map;
    ++next.version;
    next.keys.ring = ring;
    grid.map = std::make_shared<const Map>(next);
    for (auto& n : grid.nodes) {
      n->membership->set_mapped_members(grid.map);
      grid.pass(700ms);
    }
    CHECK(grid.until(10s, [&] { return grid.at(1).membership->behind(next.version).empty(); }));
  }
  grid.pass(10s);
  for (auto& n : grid.nodes) CHECK(n->changes.empty());
}

TEST_CASE(
    "a node that missed a rotation of keys hears of the newer map by TLS, and is alive once it has it") {
  SwimCluster grid(13, 5);
  grid.pass(5s);
  grid.crash(grid.at(5));
  const auto old_map = grid.map;
  Map next = *grid.map;
  ++next.version;
  next.keys.ring = {{draw_gossip_key(grid.random)}};
  const auto rotated = std::make_shared<const Map>(next);
  for (unsigned i = 1; i <= 4; ++i) grid.at(i).membership->set_mapped_members(rotated);
  REQUIRE(grid.until(20s, [&] { return grid.all_see(5, Liveness::dead); }));
  grid.start(grid.at(5));
  REQUIRE(grid.until(5s, [&] { return !grid.at(5).newer_maps.empty(); }));
  CHECK(grid.at(5).newer_maps.front().second == next.version);
  grid.at(5).membership->set_mapped_members(rotated);
  CHECK(grid.until(10s, [&] { return grid.all_see(5, Liveness::alive); }));
}

TEST_CASE("figures of every node reach every other") {
  SwimCluster grid(14, 20);
  for (unsigned i = 1; i <= 20; ++i) grid.at(i).membership->set_load(i * 0.01, i);
  CHECK(grid.until(30s, [&] {
    for (auto& n : grid.nodes) {
      for (unsigned i = 1; i <= 20; ++i) {
        if (n->membership->view()->at(node(i)).figures.disk_free_bytes != i) return false;
      }
    }
    return true;
  }));
}

TEST_CASE("two processes with one identity are noticed by those who hear both, and not a mere restart") {
  const QuietLog quiet;
  SwimCluster grid(15, 3);
  grid.pass(40s);
  grid.crash(grid.at(3));
  grid.start(grid.at(3));
  grid.pass(40s);
  CHECK_FALSE(grid.at(1).membership->view()->at(node(3)).is_duplicated());
  // A clone that started earlier, or whose clock is behind, seals with a lower session.
  DatagramSealer clone(node(3), 1000, grid.keys, grid.random);
  gossip::SwimDatagram datagram;
  datagram.mutable_ack()->set_number(1);
  for (int i = 0; i < 60; ++i) {
    grid.at(1).membership->on_datagram("clone:7000", clone.seal(datagram.SerializeAsString()));
    grid.pass(1s);
  }
  CHECK(grid.at(1).membership->view()->at(node(3)).is_duplicated());
  CHECK_FALSE(grid.at(1).membership->view()->at(node(2)).is_duplicated());
  grid.pass(400s);
  CHECK_FALSE(grid.at(1).membership->view()->at(node(3)).is_duplicated());
}

TEST_CASE("a node that somebody else speaks for notices it, and tells the others") {
  const QuietLog quiet;
  SwimCluster grid(16, 4);
  grid.pass(40s);
  auto clone = grid.at(3).membership->view()->at(node(3));
  clone.incarnation += 5;
  clone.life += 12345;
  gossip::StateExchange exchange;
  write_node(clone, *exchange.add_nodes());
  grid.at(1).membership->on_message(node(2), exchange.SerializeAsString());
  CHECK(grid.until(20s, [&] {
    for (auto& n : grid.nodes)
      if (!n->membership->view()->at(node(3)).is_duplicated()) return false;
    return true;
  }));
}

TEST_CASE("a lone accuser waits three times as long as four who agree") {
  const TimePoint begin{100s};
  Suspicion suspicion(begin, {2s, 6s, 3});
  CHECK(suspicion.confirm(node(1)));
  CHECK(suspicion.ends() == begin + 6s);
  CHECK_FALSE(suspicion.confirm(node(1)));
  CHECK(suspicion.confirm(node(2)));
  CHECK(suspicion.ends() == begin + 4s);
  CHECK(suspicion.confirm(node(3)));
  CHECK(suspicion.ends() < begin + 3s);
  CHECK(suspicion.confirm(node(4)));
  CHECK(suspicion.ends() == begin + 2s);
  CHECK_FALSE(suspicion.confirm(node(5)));
  suspicion.postpone(1s);
  CHECK(suspicion.ends() == begin + 3s);
}

TEST_CASE("a node that can neither send nor hear takes long to call the others dead, and is called so soon") {
  SwimCluster grid(17, 12);
  grid.pass(10s);
  for (unsigned i = 2; i <= 12; ++i) {
    grid.network.block(node(1), node(i));
    grid.network.block(node(i), node(1));
  }
  const auto begin = grid.clock.now();
  REQUIRE(grid.until(20s, [&] { return grid.all_see(1, Liveness::dead); }));
  CHECK(grid.clock.now() - begin < 6s);
  for (unsigned i = 2; i <= 12; ++i) CHECK(grid.state_of(i, 1) != Liveness::dead);
}

TEST_CASE("garbage and strangers' datagrams change nothing") {
  const QuietLog quiet;
  SwimCluster grid(12, 3);
  grid.pass(5s);
  for (auto& n : grid.nodes) n->changes.clear();
  DatagramSealer stranger(node(2), ~std::uint64_t{0}, {{draw_gossip_key(grid.random)}}, grid.random);
  for (int i = 0; i < 50; ++i) {
    Bytes noise(grid.random.below(300), '\0');
    grid.random.fill(noise.data(), noise.size());
    grid.at(1).membership->on_datagram("evil:1", noise);
    grid.at(1).membership->on_datagram("evil:1", stranger.seal(noise));
    grid.at(1).membership->on_message(node(2), noise);
  }
  grid.pass(5s);
  for (auto& n : grid.nodes) CHECK(n->changes.empty());
}

}  // namespace
}  // namespace gridmail
