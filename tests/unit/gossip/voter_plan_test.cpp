#include <doctest/doctest.h>

#include <map>

#include "gossip/register/voter_plan.hpp"
#include "tests/unit/gossip/support/sample_map.hpp"

namespace gridmail {
namespace {

using test::member;
using test::node;

Map grid(
    unsigned members, const std::function<std::string(unsigned)>& zone = [](unsigned) { return "a"; }) {
  Map map = create_map(member(1, zone(1)), 4, Bytes(16, 'g'), {});
  for (unsigned i = 2; i <= members; ++i) map = test::with_member(map, member(i, zone(i)));
  return map;
}

const auto everybody = [](NodeId) { return true; };

Map settle(Map map, const NodeSet& dead = {}, const std::function<bool(NodeId)>& is_alive = everybody,
           const NodeSet& old_disks = {}) {
  for (int i = 0; i < 10; ++i) {
    const auto change = plan_voters(map, dead, old_disks, is_alive);
    if (!change) return map;
    map = apply(map, {{}, {}, {}, change, {}, {}});
  }
  FAIL("the plan does not settle");
  return map;
}

TEST_CASE("one voter for one or two nodes, three from three, five from five") {
  CHECK(settle(grid(1)).voters.size() == 1);
  CHECK(settle(grid(2)).voters.size() == 1);
  CHECK(settle(grid(3)).voters.size() == 3);
  CHECK(settle(grid(4)).voters.size() == 3);
  CHECK(settle(grid(5)).voters.size() == 5);
  CHECK(settle(grid(30)).voters.size() == 5);
}

TEST_CASE("a change of voters under way is ended first") {
  Map map = grid(3);
  map = apply(map, {{}, {}, {}, plan_voters(map, {}, {}, everybody), {}, {}});
  REQUIRE_FALSE(map.voters_before.empty());
  const auto end = plan_voters(map, {}, {}, everybody);
  REQUIRE(end);
  CHECK(end->voters == map.voters);
  CHECK(apply(map, {{}, {}, {}, end, {}, {}}).voters_before.empty());
}

TEST_CASE("voters are spread over zones") {
  const auto map = settle(grid(9, [](unsigned i) { return i <= 5 ? "a" : i <= 8 ? "b" : "c"; }));
  std::map<std::string, int> zones;
  for (const auto& voter : map.voters) ++zones[map.member(voter)->zone];
  CHECK(zones["a"] == 2);
  CHECK(zones["b"] == 2);
  CHECK(zones["c"] == 1);
}

TEST_CASE("a voter dead for long is replaced by one that lives") {
  const Map before = settle(grid(4));
  CHECK_FALSE(before.voters.contains(node(4)));
  const auto after = settle(before, {node(2)}, [](NodeId id) { return id != node(2); });
  CHECK(after.voters == NodeSet{node(1), node(3), node(4)});
}

TEST_CASE("where none can replace the dead, five shrink to three that live and three stay") {
  const NodeSet dead{node(2), node(4)};
  const auto is_alive = [&](NodeId id) { return !dead.contains(id); };
  CHECK(settle(settle(grid(5)), dead, is_alive).voters == NodeSet{node(1), node(3), node(5)});
  const Map three = settle(grid(3));
  CHECK(settle(three, {node(2)}, is_alive).voters == three.voters);
}

TEST_CASE("a voter with an old disk, which does not vote, is put out even where nobody takes its place") {
  const NodeSet old{node(2)};
  CHECK(settle(settle(grid(4)), {}, everybody, old).voters == NodeSet{node(1), node(3), node(4)});
  CHECK(settle(settle(grid(5)), {}, everybody, old).voters.size() == 3);
  const Map two = settle(settle(grid(3)), {}, everybody, old);
  CHECK(two.voters == NodeSet{node(1), node(3)});
  CHECK(settle(two).voters.size() == 3);  // it is back once its disk counts again
  CHECK(settle(settle(grid(3)), {node(3)}, everybody, old).voters.size() == 3);  // one alone puts nobody out
}

TEST_CASE("a node that does not live becomes no voter") {
  CHECK(settle(grid(3), {}, [](NodeId id) { return id != node(3); }).voters == NodeSet{node(1)});
}

TEST_CASE("a voter away by plan passes its vote on to one that lives, and does not ask for it back") {
  Map map = settle(grid(2));
  REQUIRE(map.voters == NodeSet{node(1)});
  CHECK(passes_vote_on(map, node(1), everybody));
  CHECK_FALSE(passes_vote_on(map, node(2), everybody));
  map.members[0].maintenance_until = 1000;
  CHECK(settle(map, {}, [](NodeId id) { return id == node(1); }).voters == NodeSet{node(1)});
  map = settle(map);
  CHECK(map.voters == NodeSet{node(2)});
  map.members[0].maintenance_until = 0;
  CHECK(settle(map).voters == NodeSet{node(2)});
  CHECK_FALSE(passes_vote_on(map, node(1), everybody));
}

TEST_CASE("until a change of voters has ended, one of those before it has a vote to pass on") {
  Map map = settle(grid(2));
  map.members[0].maintenance_until = 1000;
  map = apply(map, {{}, {}, {}, plan_voters(map, {}, {}, everybody), {}, {}});
  REQUIRE(map.voters_before == NodeSet{node(1)});
  CHECK(passes_vote_on(map, node(1), everybody));
  map = apply(map, {{}, {}, {}, plan_voters(map, {}, {}, everybody), {}, {}});
  CHECK_FALSE(passes_vote_on(map, node(1), everybody));
}

TEST_CASE("where nobody can vote in its place a voter away by plan stays one") {
  Map map = settle(grid(3));
  map.members[1].maintenance_until = 1000;
  CHECK(settle(map, {node(2)}).voters == map.voters);
  CHECK_FALSE(passes_vote_on(map, node(2), everybody));
  const Map four = settle(grid(4));
  CHECK(passes_vote_on(four, node(2), everybody));
  CHECK(voters_without(four, node(2), everybody) == NodeSet{node(1), node(3), node(4)});
  CHECK_FALSE(passes_vote_on(four, node(2), [](NodeId id) { return id != node(4); }));
}

TEST_CASE("a leaving voter hands its vote on") {
  Map map = settle(grid(4));
  map.members[0].state = MemberState::leaving;
  CHECK(settle(map).voters == NodeSet{node(2), node(3), node(4)});
}

}  // namespace
}  // namespace gridmail
