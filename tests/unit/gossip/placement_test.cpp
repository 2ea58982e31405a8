// The planners against naive checks.
#include <doctest/doctest.h>

#include <chrono>
#include <map>

#include "gossip/placement/planner.hpp"
#include "gossip/placement/rendezvous.hpp"
#include "node/base/random.hpp"
#include "tests/unit/gossip/support/sample_map.hpp"

namespace gridmail {
namespace {

using test::member;
using test::node;

const auto everybody = [](NodeId) { return true; };

Map grid(
    unsigned members, std::uint32_t slots = 4096,
    const std::function<Member(unsigned)>& make = [](unsigned i) { return member(i); }) {
  Map map = create_map(make(1), slots, Bytes(16, 'g'), {});
  for (unsigned i = 2; i <= members; ++i) map = test::with_member(map, make(i));
  return map;
}

void settle(Map& map) {
  const auto targets = plan_copies(map);
  test::carry_out(map, targets, plan_primaries(map, targets));
}

std::map<NodeId, std::size_t> loads(const std::vector<NodeSet>& targets) {
  std::map<NodeId, std::size_t> load;
  for (const auto& set : targets)
    for (const auto& id : set) ++load[id];
  return load;
}

std::size_t moves(const Map& map, const std::vector<NodeSet>& targets) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < targets.size(); ++i)
    for (const auto& id : targets[i])
      if (!map.rows[i].holds(id)) ++count;
  return count;
}

void check_stable(Map map) {
  settle(map);
  const auto targets = plan_copies(map);
  CHECK(moves(map, targets) == 0);
  const auto primaries = plan_primaries(map, targets);
  for (std::size_t i = 0; i < map.rows.size(); ++i) CHECK(*map.rows[i].primary == primaries[i]);
}

TEST_CASE("rendezvous scores share slots by weight") {
  std::size_t heavy = 0;
  for (SlotId slot = 0; slot < 4096; ++slot) {
    if (rendezvous_score(slot, node(1), 300) > rendezvous_score(slot, node(2), 100)) ++heavy;
  }
  CHECK(heavy > 4096 * 0.72);
  CHECK(heavy < 4096 * 0.78);
  CHECK(rendezvous_score(1, node(1), 0) == 0);
}

TEST_CASE("every row has two copies once there are two nodes, one before") {
  Map map = grid(1, 64);
  for (const auto& set : plan_copies(map)) CHECK(set == NodeSet{node(1)});
  map = test::with_member(map, member(2));
  for (const auto& set : plan_copies(map)) CHECK(set.size() == 2);
}

TEST_CASE("thirty nodes are loaded within one percent, and primaries too") {
  Map map = grid(30);
  const auto targets = plan_copies(map);
  const double mean = 4097.0 * 2 / 30;
  for (const auto& [id, load] : loads(targets)) {
    CHECK(static_cast<double>(load) / mean <= 1.01);
    CHECK(static_cast<double>(load) >= mean - 1);
  }
  std::map<NodeId, std::size_t> primaries;
  for (const auto& id : plan_primaries(map, targets)) ++primaries[id];
  for (const auto& [id, load] : primaries) CHECK(std::abs(static_cast<double>(load) - 4097.0 / 30) < 1.01);
}

TEST_CASE("a thirty-first node moves its fair share and nothing else") {
  Map map = grid(30);
  settle(map);
  map = test::with_member(map, member(31));
  const auto targets = plan_copies(map);
  const double share = 4097.0 * 2 / 31;
  CHECK(static_cast<double>(moves(map, targets)) <= share + 1);
  CHECK(static_cast<double>(loads(targets)[node(31)]) >= share - 1);
  check_stable(map);
}

TEST_CASE("a leaving node's copies go to all the others") {
  Map map = grid(10);
  settle(map);
  const auto held = loads(plan_copies(map))[node(4)];
  map.members[3].state = MemberState::leaving;
  const auto targets = plan_copies(map);
  CHECK(loads(targets)[node(4)] == 0);
  CHECK(moves(map, targets) <= held + 10);  // rounding may cost a slot a node
  for (const auto& [id, load] : loads(targets))
    CHECK(std::abs(static_cast<double>(load) - 4097.0 * 2 / 9) < 1.01);
}

TEST_CASE("one node's slots have their other copies on all the others") {
  Map map = grid(30);
  std::map<NodeId, std::size_t> partners;
  for (const auto& set : plan_copies(map))
    if (set.contains(node(7)))
      for (const auto& id : set) ++partners[id];
  CHECK(partners.size() == 30);
}

TEST_CASE("copies never share a zone when zones allow it") {
  const std::vector<std::string> zones{"a", "a", "b", "c"};
  Map map = grid(20, 1024, [&](unsigned i) { return member(i, zones[i % 4]); });
  for (const auto& set : plan_copies(map)) {
    REQUIRE(set.size() == 2);
    CHECK(map.member(*set.begin())->zone != map.member(*std::next(set.begin()))->zone);
  }
}

TEST_CASE("weights are followed as far as zones let them") {
  // Zone a has one node with more weight than everyone else together: it can hold one copy of each row, no
  // more.
  Map map = grid(4, 999, [](unsigned i) { return member(i, i == 1 ? "a" : "b", i == 1 ? 1000 : 100); });
  auto load = loads(plan_copies(map));
  CHECK(load[node(1)] == 1000);
  for (unsigned i = 2; i <= 4; ++i) CHECK(std::abs(static_cast<double>(load[node(i)]) - 1000.0 / 3) < 1.01);
}

TEST_CASE("draining nodes keep copies and lose primaries; weight 0 stores nothing") {
  Map map = grid(5, 512);
  settle(map);
  map.members[1].state = MemberState::draining;
  map = test::with_member(map, member(6, "a", 0));
  const auto targets = plan_copies(map);
  CHECK(moves(map, targets) == 0);
  CHECK(loads(targets)[node(6)] == 0);
  for (const auto& id : plan_primaries(map, targets)) CHECK(id != node(2));
}

TEST_CASE("a move under way is not asked for again") {
  Map map = grid(4, 64);
  settle(map);
  map = test::with_member(map, member(5));
  const auto targets = plan_copies(map);
  for (std::size_t i = 0; i < map.rows.size(); ++i)
    for (const auto& id : targets[i])
      if (!map.rows[i].holds(id)) map.rows[i].joining.insert(id);
  CHECK(moves(map, plan_copies(map)) == 0);
}

TEST_CASE("plans are sound and stable for any grid") {
  SeededRandom random(7);
  for (int round = 0; round < 60; ++round) {
    const auto zones = 1 + random.below(5);
    const auto members = static_cast<unsigned>(1 + random.below(12));
    Map map = grid(members, static_cast<std::uint32_t>(16 + random.below(200)), [&](unsigned i) {
      return member(i, std::string(1, static_cast<char>('a' + random.below(zones))),
                    static_cast<std::uint32_t>(i == 1 ? 100 : random.below(4) * 100));
    });
    for (int change = 0; change < 4; ++change) {
      for (auto& m : map.members) {
        if (m.id != node(1) && random.chance(0.15)) m.state = static_cast<MemberState>(random.below(3));
      }
      const auto targets = plan_copies(map);
      const auto expected = std::min<std::size_t>(2, map.storing_members());
      std::map<std::string, int> storing_zones;
      for (const auto& m : map.members)
        if (m.weight > 0 && m.state != MemberState::leaving) ++storing_zones[m.zone];
      for (const auto& set : targets) {
        REQUIRE(set.size() == expected);
        if (expected == 2 && storing_zones.size() > 1) {
          CHECK(map.member(*set.begin())->zone != map.member(*std::next(set.begin()))->zone);
        }
      }
      check_stable(map);
      settle(map);
    }
  }
}

TEST_CASE("a replacement comes from another zone, lives, and holds nothing of the slot") {
  Map map = grid(6, 64, [](unsigned i) { return member(i, i <= 3 ? "a" : "b"); });
  settle(map);
  for (SlotId slot = 0; slot <= 64; ++slot) {
    const NodeId lost = *map.rows[slot].in_sync.begin();
    const NodeId left = *std::next(map.rows[slot].in_sync.begin());
    const auto chosen = replacement(map, slot, {lost}, everybody);
    REQUIRE(chosen);
    CHECK_FALSE(map.rows[slot].in_sync.contains(*chosen));
    CHECK(map.member(*chosen)->zone != map.member(left)->zone);
    const auto next = replacement(map, slot, {lost}, [&](NodeId id) { return id != *chosen; });
    REQUIRE(next);
    CHECK(*next != *chosen);
  }
  CHECK_FALSE(replacement(map, 0, {}, [](NodeId) { return false; }));
}

TEST_CASE("a node that is gone is given nothing, and one that is away no primaries") {
  Map map = grid(5, 256);
  settle(map);
  const auto without = plan_copies(map, {node(3)});
  CHECK(loads(without)[node(3)] == 0);
  for (const auto& [id, load] : loads(without)) {
    if (id != node(3)) CHECK(std::abs(static_cast<double>(load) - 257.0 * 2 / 4) < 1.01);
  }
  const auto targets = plan_copies(map);
  PlanHints hints;
  hints.away = {node(2), node(5)};
  const auto primaries = plan_primaries(map, targets, hints);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (targets[i] != hints.away) CHECK_FALSE(hints.away.contains(primaries[i]));
  }
}

TEST_CASE("a new node of the same weight takes exactly the place of one that leaves") {
  Map map = grid(6, 300);
  settle(map);
  const auto held = loads(plan_copies(map))[node(4)];
  map = test::with_member(map, member(7));
  map.members[3].state = MemberState::leaving;
  const auto targets = plan_copies(map);
  CHECK(moves(map, targets) == held);
  CHECK(loads(targets)[node(7)] == held);
}

TEST_CASE("any two nodes have about as many slots in common as any other two") {
  Map map = grid(2, 1024);
  for (unsigned i = 3; i <= 12; ++i) {
    settle(map);
    map = test::with_member(map, member(i));
  }
  settle(map);
  std::map<std::pair<NodeId, NodeId>, std::size_t> pairs;
  for (const auto& row : map.rows) ++pairs[{*row.in_sync.begin(), *std::next(row.in_sync.begin())}];
  CHECK(pairs.size() == 66);
  for (const auto& [pair, slots] : pairs) CHECK(std::abs(static_cast<double>(slots) - 1025.0 / 66) < 5);
}

TEST_CASE("who stands in for a node is spread over all others, and moves nothing else") {
  for (const unsigned members : {3U, 5U, 30U}) {
    CAPTURE(members);
    Map map = grid(members, 1024);
    settle(map);
    const auto held = loads(plan_copies(map))[node(2)];
    const auto stand_ins = plan_stand_ins(map, {node(2)});
    std::map<NodeId, std::size_t> received;
    for (std::size_t i = 0; i < map.rows.size(); ++i) {
      const NodeSet& before = map.rows[i].in_sync;
      CHECK(stand_ins[i].size() == 2);
      CHECK_FALSE(stand_ins[i].contains(node(2)));
      for (const auto& id : before) CHECK((id == node(2) || stand_ins[i].contains(id)));
      for (const auto& id : stand_ins[i])
        if (!before.contains(id)) ++received[id];
    }
    CHECK(received.size() == members - 1);
    const double even = static_cast<double>(held) / (members - 1);
    for (const auto& [id, copies] : received) CHECK(static_cast<double>(copies) <= even + 1);
  }
}

TEST_CASE("a stand-in that joins already is not asked for again") {
  Map map = grid(6, 300);
  settle(map);
  const auto stand_ins = plan_stand_ins(map, {node(2)});
  for (std::size_t i = 0; i < map.rows.size(); i += 2) {
    if (!map.rows[i].in_sync.contains(node(2))) continue;
    map.rows[i].in_sync.erase(node(2));
    map.rows[i].retired.insert(node(2));
    for (const auto& id : stand_ins[i])
      if (!map.rows[i].holds(id)) map.rows[i].joining.insert(id);
  }
  const auto again = plan_stand_ins(map, {node(2)});
  for (std::size_t i = 0; i < map.rows.size(); i += 2) CHECK(again[i] == stand_ins[i]);
}

TEST_CASE("planning 4,096 slots is quick, in small grids and large ones") {
  for (const unsigned members : {3U, 5U, 15U, 30U, 100U}) {
    CAPTURE(members);
    const auto ms_of = [](const auto& plan) {
      const auto begin = std::chrono::steady_clock::now();
      plan();
      return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
    };
    Map map = grid(members);
    const double first = ms_of([&] { settle(map); });
    const double settled = ms_of([&] { CHECK(moves(map, plan_placement(map, {}).copies) == 0); });
    PlanHints away;
    away.away = {node(2)};
    const double silent = ms_of([&] { (void)plan_placement(map, away); });
    PlanHints gone;
    gone.away = gone.gone = away.away;
    const double dead = ms_of([&] { (void)plan_placement(map, gone); });
    const Map larger = test::with_member(map, member(members + 1));
    const double joined = ms_of([&] { (void)plan_placement(larger, {}); });
    MESSAGE(members << " nodes, ms: from one node " << first << "; settled " << settled << "; one silent "
                    << silent << "; one gone " << dead << "; one new " << joined);
    for (const double ms : {settled, silent, dead, joined})
      CHECK(ms < 1000);  // a debug build with sanitizers on a busy machine
  }
}

}  // namespace
}  // namespace gridmail
