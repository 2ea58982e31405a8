// Primaries by measured load: even by weight, at rest once carried out, at rest while loads waver.
#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "gossip/placement/planner.hpp"
#include "node/base/random.hpp"
#include "tests/unit/gossip/support/sample_map.hpp"

namespace gridmail {
namespace {

using test::member;
using test::node;

struct Grid {
  Map map;
  PlanHints hints;

  Grid(unsigned members, std::uint32_t slots, const std::function<Member(unsigned)>& make) {
    map = create_map(make(1), slots, Bytes(16, 'g'), {});
    for (unsigned i = 2; i <= members; ++i) map = test::with_member(map, make(i));
    const auto targets = plan_copies(map);
    test::carry_out(map, targets, plan_primaries(map, targets));
  }
  /// How many primaries change.
  std::size_t carry_out_plan() {
    const auto plan = plan_placement(map, hints);
    std::size_t changes = 0;
    for (std::size_t i = 0; i < map.rows.size(); ++i) changes += map.rows[i].primary != plan.primaries[i];
    test::carry_out(map, plan.copies, plan.primaries);
    return changes;
  }
  /// The furthest that any node's load is from its weight's share, as a part of that.
  double unevenness() const {
    std::map<NodeId, double> load;
    double total = 0, weights = 0, worst = 0;
    for (std::size_t i = 0; i < map.rows.size(); ++i) {
      load[*map.rows[i].primary] += hints.loads[i];
      total += hints.loads[i];
    }
    for (const auto& m : map.members) weights += m.weight;
    for (const auto& m : map.members) {
      const double share = total * m.weight / weights;
      worst = std::max(worst, std::abs(load[m.id] - share) / share);
    }
    return worst;
  }
  /// A tenth of the users, drawn at random, has nine tenths of the mail.
  void skew(SeededRandom& random, unsigned users) {
    hints.loads.assign(map.rows.size(), 0);
    for (unsigned user = 0; user < users; ++user) {
      hints.loads[random.below(map.rows.size())] += user < users / 10 ? 81 : 1;
    }
  }
};

Member alike(unsigned i) {
  return member(i);
}

}  // namespace

TEST_CASE("a skewed population ends within a fifth of even load") {
  SeededRandom random(11);
  for (unsigned nodes : {2U, 3U, 5U, 12U}) {
    CAPTURE(nodes);
    Grid grid(nodes, 1024, alike);
    for (int round = 0; round < 10; ++round) {
      grid.skew(random, 2000);
      grid.carry_out_plan();
      CHECK(grid.unevenness() < 0.2);
      CHECK(grid.carry_out_plan() == 0);
    }
  }
}

TEST_CASE("load follows weight, and passes through zones that share no rows") {
  SeededRandom random(12);
  const auto make = [](unsigned i) { return member(i, i % 2 == 0 ? "a" : "b", i <= 2 ? 100 : 200); };
  Grid grid(6, 1024, make);
  for (int round = 0; round < 10; ++round) {
    grid.skew(random, 3000);
    grid.carry_out_plan();
    CHECK(grid.unevenness() < 0.2);
    CHECK(grid.carry_out_plan() == 0);
  }
}

TEST_CASE("the load of one zone's node reaches another of the same zone through the other zone") {
  // Rows are shared by 1 and 2, and by 2 and 3: what 1 has too much, 3 can only get by way of 2.
  Map map = create_map(member(1), 31, Bytes(16, 'g'), {});
  map = test::with_member(test::with_member(map, member(2)), member(3));
  std::vector<NodeSet> targets;
  for (std::size_t i = 0; i < map.rows.size(); ++i) {
    targets.push_back(i < 20 ? NodeSet{node(1), node(2)} : NodeSet{node(2), node(3)});
    map.rows[i].in_sync = targets.back();
    map.rows[i].primary = i < 20 ? node(1) : node(2);
  }
  PlanHints hints;
  hints.loads.assign(map.rows.size(), 10);
  std::map<NodeId, int> counts;
  for (const auto& id : plan_primaries(map, targets, hints)) ++counts[id];
  for (unsigned i = 1; i <= 3; ++i) {
    CHECK(counts[node(i)] >= 9);
    CHECK(counts[node(i)] <= 12);
  }
}

TEST_CASE("loads that waver move nothing") {
  SeededRandom random(13);
  Grid grid(5, 1024, alike);
  grid.skew(random, 2000);
  grid.carry_out_plan();
  const auto steady = grid.hints.loads;
  std::size_t changes = 0;
  for (int round = 0; round < 100; ++round) {
    for (std::size_t i = 0; i < steady.size(); ++i) {
      grid.hints.loads[i] = steady[i] * (0.7 + 0.6 * static_cast<double>(random.below(1000)) / 1000);
    }
    changes += grid.carry_out_plan();
  }
  CHECK(changes == 0);
}

TEST_CASE("one slot busier than all the rest together moves nothing for ever") {
  SeededRandom random(14);
  Grid grid(4, 256, alike);
  std::size_t changes = 0;
  for (int round = 0; round < 50; ++round) {
    grid.hints.loads.assign(grid.map.rows.size(), 0);
    for (auto& load : grid.hints.loads) load = 1 + 0.1 * static_cast<double>(random.below(10));
    grid.hints.loads[7] = 1000 + static_cast<double>(random.below(100));
    const auto changed = grid.carry_out_plan();
    if (round > 0) changes += changed;
  }
  CHECK(changes == 0);
}

TEST_CASE("a grid at rest has even numbers of primaries") {
  Grid grid(7, 1024, alike);
  for (auto& row : grid.map.rows) row.primary = *row.in_sync.begin();
  grid.hints.loads.assign(grid.map.rows.size(), 0);
  grid.carry_out_plan();
  std::map<NodeId, int> counts;
  for (const auto& row : grid.map.rows) ++counts[*row.primary];
  for (const auto& [id, count] : counts) CHECK(std::abs(count - 1025.0 / 7) < 0.15 * 1025 / 7);
}

TEST_CASE("a plan is never less even than what a greedy one reaches") {
  SeededRandom random(15);
  for (int round = 0; round < 20; ++round) {
    Grid grid(static_cast<unsigned>(2 + random.below(8)), 512, alike);
    grid.skew(random, 1000);
    // Greedy: heaviest rows first, each to the less loaded of its copies.
    std::vector<std::size_t> order(grid.map.rows.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](auto x, auto y) { return grid.hints.loads[x] > grid.hints.loads[y]; });
    Grid naive = grid;
    std::map<NodeId, double> load;
    for (const auto i : order) {
      const auto& copies = naive.map.rows[i].in_sync;
      const auto least = *std::min_element(copies.begin(), copies.end(),
                                           [&](NodeId x, NodeId y) { return load[x] < load[y]; });
      naive.map.rows[i].primary = least;
      load[least] += grid.hints.loads[i];
    }
    grid.carry_out_plan();
    CHECK(grid.unevenness() < naive.unevenness() + 0.16);
  }
}

}  // namespace gridmail
