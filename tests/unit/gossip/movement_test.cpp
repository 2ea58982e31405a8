// What moves and why, what is held, and what members' records need next.
#include <doctest/doctest.h>

#include "gossip/placement/movement.hpp"
#include "gossip/placement/planner.hpp"
#include "gossip/register/member_plan.hpp"
#include "tests/unit/gossip/support/sample_map.hpp"

namespace gridmail {
namespace {

using test::member;
using test::node;

Map settled(unsigned members, std::uint32_t slots = 60) {
  Map map = create_map(member(1), slots, Bytes(16, 'g'), {});
  for (unsigned i = 2; i <= members; ++i) map = test::with_member(map, member(i));
  const auto plan = plan_placement(map, {});
  test::carry_out(map, plan.copies, plan.primaries);
  return map;
}

std::size_t moves(const Map& map, const PlacementPlan& plan) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < plan.copies.size(); ++i) {
    for (const auto& id : plan.copies[i]) count += map.rows[i].holds(id) ? 0 : 1;
  }
  return count;
}

/// A copy of row 0 is lost, and another joins.
NodeId lose_one(Map& map) {
  auto& row = map.rows[0];
  const NodeId lost = *row.others().begin();
  row.in_sync.erase(lost);
  row.retired.insert(lost);
  for (unsigned i = 1; i <= 4; ++i) {
    if (!row.in_sync.contains(node(i)) && node(i) != lost && row.joining.empty()) row.joining.insert(node(i));
  }
  return lost;
}

}  // namespace

TEST_CASE("what a member that leaves sets moving is held while that is paused, and nothing else") {
  Map map = settled(5);
  map.members[2].state = MemberState::leaving;
  CHECK(moves(map, plan_placement(map, {})) > 0);
  map.members[2].paused = true;
  CHECK(moves(map, plan_placement(map, {})) == 0);
  map.members[3].state = MemberState::leaving;
  const auto plan = plan_placement(map, {});
  for (std::size_t i = 0; i < map.rows.size(); ++i) {
    const auto& row = map.rows[i];
    CHECK(plan.copies[i].contains(node(3)) == row.in_sync.contains(node(3)));
    if (!row.in_sync.contains(node(3))) CHECK_FALSE(plan.copies[i].contains(node(4)));
  }
}

TEST_CASE("sharing the load is held while that is paused; leaving goes on") {
  Map map = test::with_member(settled(4), member(5));
  map.settings.balance_paused = true;
  CHECK(moves(map, plan_placement(map, {})) == 0);
  map.members[0].state = MemberState::leaving;
  CHECK(moves(map, plan_placement(map, {})) > 0);
}

TEST_CASE("nothing moves towards a node that is absent, or has no room; what leaves goes elsewhere") {
  Map map = test::with_member(settled(4), member(5));
  PlanHints hints;
  SUBCASE("it is absent") {
    hints.away = {node(5)};
  }
  SUBCASE("its disk is full") {
    hints.full = {node(5)};
  }
  auto plan = plan_placement(map, hints);
  CHECK(moves(map, plan) == 0);
  map.members[0].state = MemberState::leaving;
  plan = plan_placement(map, hints);
  for (std::size_t i = 0; i < plan.copies.size(); ++i) {
    CHECK_FALSE(plan.copies[i].contains(node(1)));
    CHECK_FALSE(plan.copies[i].contains(node(5)));
    CHECK(plan.copies[i].size() == 2);
  }
}

TEST_CASE("what leaves stays while the only node that could have it has no room") {
  Map map = settled(3);
  map.members[0].state = MemberState::leaving;
  PlanHints hints;
  hints.full = {node(2), node(3)};
  CHECK(moves(map, plan_placement(map, {})) > 0);
  const auto plan = plan_placement(map, hints);
  CHECK(moves(map, plan) == 0);
  for (std::size_t i = 0; i < plan.copies.size(); ++i) CHECK(plan.copies[i] == map.rows[i].in_sync);
}

TEST_CASE("while a lost copy is rebuilt nothing moves only to share the load") {
  Map map = test::with_member(settled(4), member(5));
  const NodeId lost = lose_one(map);
  CHECK(rebuilds(map));
  CHECK(moves(map, plan_placement(map, {})) == 0);
  SUBCASE("but it does while that rebuilding is itself held") {
    for (auto& m : map.members) {
      if (m.id == lost) m.paused = true;
    }
    CHECK_FALSE(rebuilds(map));
    CHECK(moves(map, plan_placement(map, {})) > 0);
  }
}

TEST_CASE("a copy that is away by plan is not rebuilt meanwhile") {
  Map map = settled(4);
  const NodeId lost = lose_one(map);
  CHECK(may_fill(map, map.rows[0]));
  CHECK(movement_of(map, map.rows[0], {}) == Movement{MovementCause::rebuild, lost, false});
  for (auto& m : map.members) {
    if (m.id == lost) m.maintenance_until = 1000;
  }
  CHECK_FALSE(may_fill(map, map.rows[0]));
  CHECK(movement_of(map, map.rows[0], {}) == Movement{MovementCause::rebuild, lost, true});
}

TEST_CASE("maintenance ends in time, by one change that is not made again") {
  Map map = settled(3);
  map.members[1].maintenance_until = 5000;
  CHECK_FALSE(plan_members(map, 4999));
  CHECK_FALSE(plan_members(map, std::nullopt));  // nobody knows what time it is
  const auto change = plan_members(map, 5000);
  REQUIRE(change);
  const Map after = apply(map, *change);
  CHECK(after.member(node(2))->maintenance_until == 0);
  CHECK_FALSE(plan_members(after, 5000));
  SUBCASE("it was prolonged meanwhile: that stands") {
    map.members[1].maintenance_until = 9000;
    CHECK(apply(map, *change).member(node(2))->maintenance_until == 9000);
  }
}

TEST_CASE("a pause ends with what it holds, and is none of what comes later") {
  Map map = settled(4);
  const NodeId lost = lose_one(map);
  const auto paused = [&](Map& of) -> bool& {
    return std::find_if(of.members.begin(), of.members.end(),
                        [&](const Member& one) { return one.id == lost; })
        ->paused;
  };
  paused(map) = true;
  CHECK_FALSE(plan_members(map, 0));
  for (auto& row : map.rows) row.retired.erase(lost);
  const auto change = plan_members(map, 0);
  REQUIRE(change);
  Map after = apply(map, *change);
  CHECK_FALSE(paused(after));
  CHECK_FALSE(plan_members(after, 0));
}

TEST_CASE("a member that has left is removed once nothing names it") {
  Map map = settled(4);
  map.voters = {node(1)};
  map.members[1].state = MemberState::leaving;
  CHECK_FALSE(plan_members(map, 0));
  const auto plan = plan_placement(map, {});
  test::carry_out(map, plan.copies, plan.primaries);
  SUBCASE("not while it votes") {
    map.voters.insert(node(2));
    CHECK_FALSE(plan_members(map, 0));
  }
  SUBCASE("not while an older copy of its is kept") {
    map.rows[3].retired.insert(node(2));
    CHECK_FALSE(plan_members(map, 0));
  }
  SUBCASE("then it is") {
    const auto change = plan_members(map, 0);
    REQUIRE(change);
    const Map after = apply(map, *change);
    CHECK(after.member(node(2)) == nullptr);
    CHECK_FALSE(plan_members(after, 0));
  }
}

TEST_CASE("a change of a member made from an older record of it is left out") {
  const Map map = settled(3);
  Member heavier = *map.member(node(2));
  heavier.weight = 300;
  Member drained = *map.member(node(2));
  drained.state = MemberState::draining;
  MapChange first, second;
  first.members.push_back({heavier, *map.member(node(2))});
  second.members.push_back({drained, *map.member(node(2))});
  const auto decoded = decode_change(encode_change(second));
  REQUIRE(decoded);
  const Map after = apply(apply(map, first), *decoded);
  CHECK(*after.member(node(2)) == heavier);
  CHECK(apply(map, *decoded).member(node(2))->state == MemberState::draining);
}

TEST_CASE("what is new in a member's record survives encoding") {
  Map map = settled(3);
  map.members[0].maintenance_until = 123456789;
  map.members[1].successor = node(3);
  map.members[1].paused = true;
  map.settings.balance_paused = true;
  const auto decoded = decode_map(encode_map(map));
  REQUIRE(decoded);
  CHECK(*decoded == map);
}

}  // namespace gridmail
