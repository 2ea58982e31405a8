// What a slot's row should become next, as one copy sees it.
#include "storage/replication/slot_plan.hpp"

#include <doctest/doctest.h>

namespace gridmail {
namespace {

NodeId node(char name) {
  NodeId id;
  id.value.fill(name);
  return id;
}
const NodeId a = node('a'), b = node('b'), c = node('c'), d = node('d');

/// Four members; the row has primary a and copies a and b. All live, a has opened; self is `who`.
struct Scene {
  Map map;
  SlotRow row;
  NodeSet dead;
  NodeSet full;
  NodeSet target;
  std::optional<NodeId> preferred;
  SlotSituation situation;

  explicit Scene(NodeId who) : situation(who, map, 0, row) {
    for (const auto& id : {a, b, c, d}) {
      Member member;
      member.id = id;
      member.name = id.brief();
      map.members.push_back(std::move(member));
    }
    row.epoch = 7;
    row.primary = a;
    row.in_sync = {a, b};
    row.paired = true;
    map.rows = {row, row};
    situation.is_alive = [this](NodeId id) { return !dead.contains(id); };
    situation.is_dead = [this](NodeId id) { return dead.contains(id); };
    situation.is_full = [this](NodeId id) { return full.contains(id); };
    situation.opened = who == a;
    situation.may_move = true;
    situation.may_hand_over = true;
  }
  std::optional<SlotStep> plan() { return plan_slot(situation); }
};

}  // namespace

TEST_CASE("with all in place nothing is asked") {
  CHECK_FALSE(Scene(a).plan());
  CHECK_FALSE(Scene(b).plan());
  CHECK_FALSE(Scene(c).plan());
}

TEST_CASE("a copy in sync takes over from a dead primary, and another joins in the same change") {
  Scene scene(b);
  scene.dead = {a};
  const auto step = scene.plan();
  REQUIRE(step);
  CHECK(step->row.primary == b);
  CHECK(step->row.in_sync == NodeSet{b});
  CHECK(step->row.retired == NodeSet{a});
  CHECK(step->row.joining.size() == 1);
  CHECK_FALSE(step->row.holds(a));
}

TEST_CASE("who takes a lost copy's place is planned before that one is given up") {
  for (const auto& planned : {c, d}) {
    Scene scene(a);
    scene.dead = {b};
    const NodeSet target{a, b};
    const NodeSet stand_ins{a, planned};
    scene.situation.target = &target;
    scene.situation.stand_ins = &stand_ins;
    const auto step = scene.plan();
    REQUIRE(step);
    CHECK(step->row.joining == NodeSet{planned});
  }
}

TEST_CASE("a copy that is not in sync takes over from nobody") {
  Scene scene(c);
  scene.row.joining = {c};
  scene.dead = {a};
  CHECK_FALSE(scene.plan());
}

TEST_CASE("the primary replaces a dead copy, first by a retired one that lives") {
  Scene scene(a);
  scene.row.in_sync = {a, b};
  scene.row.retired = {d};
  scene.dead = {b};
  const auto step = scene.plan();
  REQUIRE(step);
  CHECK(step->row.in_sync == NodeSet{a});
  CHECK(step->row.joining == NodeSet{d});
  CHECK(step->row.retired == NodeSet{b});
}

TEST_CASE("a joining copy that answers nothing is not asked to join again at once") {
  Scene scene(a);
  scene.row.in_sync = {a};
  scene.row.joining = {b};
  scene.row.partial = {c};
  scene.situation.stuck = {b};
  const auto step = scene.plan();
  REQUIRE(step);
  CHECK(step->row.joining == NodeSet{c});
  CHECK(step->row.partial == NodeSet{b});
}

TEST_CASE("the lost copy that is back replaces a joining one that has not begun") {
  Scene scene(a);
  scene.row.in_sync = {a};
  scene.row.joining = {c};
  scene.row.retired = {b};
  SUBCASE("it has not begun") {
    const auto step = scene.plan();
    REQUIRE(step);
    CHECK(step->row.joining == NodeSet{b});
    CHECK(step->row.partial == NodeSet{c});
  }
  SUBCASE("it has begun") {
    scene.situation.filling = {c};
    CHECK_FALSE(scene.plan());
  }
}

TEST_CASE("no copy is given to a node whose disk is full while another has room") {
  Scene scene(a);
  scene.dead = {b};
  SUBCASE("whatever is planned, or held already") {
    const NodeSet stand_ins{a, c};
    scene.situation.stand_ins = &stand_ins;
    scene.row.partial = {c};
    scene.full = {c};
    REQUIRE(scene.plan());
    CHECK(scene.plan()->row.joining == NodeSet{d});
  }
  SUBCASE("as the best of the rest") {
    for (const auto& one : {c, d}) {
      scene.full = {one};
      REQUIRE(scene.plan());
      CHECK_FALSE(scene.plan()->row.joining.contains(one));
      CHECK(scene.plan()->row.joining.size() == 1);
    }
  }
  SUBCASE("nobody has room: one takes part in what is small") {
    scene.full = {a, c, d};
    REQUIRE(scene.plan());
    CHECK(scene.plan()->row.joining.size() == 1);
  }
}

TEST_CASE("a joining copy without room is replaced by one that has some") {
  Scene scene(a);
  scene.row.in_sync = {a};
  scene.row.joining = {c};
  scene.row.partial = {b};
  scene.dead = {b};
  scene.full = {c};
  scene.situation.no_room = {c};
  SUBCASE("also when it has begun") {
    scene.situation.filling = {c};
  }
  SUBCASE("and has not begun") {}
  const auto step = scene.plan();
  REQUIRE(step);
  CHECK(step->row.joining == NodeSet{d});
  CHECK(step->row.partial == NodeSet{b, c});
  scene.full = {c, d};
  CHECK_FALSE(scene.plan());
  scene.full.clear();  // it has room again, and has not said so yet
  scene.row.partial = {};
  scene.map.members.pop_back();
  CHECK_FALSE(scene.plan());
}

TEST_CASE("a move to a node without room ends: the copies there were are enough") {
  Scene scene(a);
  const NodeSet target{a, c};
  scene.situation.target = &target;
  scene.row.joining = {c};
  const auto check_ends = [&] {
    const auto step = scene.plan();
    REQUIRE(step);
    CHECK(step->row.primary == a);
    CHECK(step->row.in_sync == NodeSet{a, b});
    CHECK(step->row.joining.empty());
    CHECK(step->row.partial == NodeSet{c});
    MapChange change;
    change.slots.push_back({0, scene.row.epoch, step->row});
    scene.map.rows[0] = scene.row;
    const Map after = apply(scene.map, change);
    CHECK(after.rows[0].epoch == scene.row.epoch + 1);
    scene.row = after.rows[0];
    const auto next = scene.plan();
    REQUIRE(next);
    CHECK(next->row.partial.empty());
    CHECK(next->row.joining.empty());
    scene.row = next->row;
    CHECK_FALSE(scene.plan());  // nothing moves there at once
  };
  SUBCASE("it says so") {
    scene.situation.no_room = {c};
    SUBCASE("and another node has some: where to go is for the plan to say") {}
    SUBCASE("and has begun") {
      scene.situation.filling = {c};
    }
    SUBCASE("and the other copy leaves") {
      scene.map.members[1].state = MemberState::leaving;
    }
    scene.full = {c};
    check_ends();
  }
  SUBCASE("its disk is known to be full, before it could say so") {
    scene.full = {c};
    check_ends();
  }
  SUBCASE("unless it is complete") {
    scene.full = {c};
    scene.situation.no_room = {c};
    scene.situation.complete = {c};
    const auto step = scene.plan();
    REQUIRE(step);
    CHECK(step->row.in_sync == NodeSet{a, c});
  }
}

TEST_CASE("a full disk is no reason to leave the copy that is back alone") {
  Scene scene(a);
  scene.row.in_sync = {a};
  scene.row.joining = {c};
  scene.row.retired = {b};
  scene.full = {b};
  const auto step = scene.plan();
  REQUIRE(step);
  CHECK(step->row.joining == NodeSet{b});
}

TEST_CASE("copies do not move to a full disk") {
  Scene scene(a);
  const NodeSet target{a, c};
  scene.situation.target = &target;
  REQUIRE(scene.plan());
  CHECK(scene.plan()->row.joining == NodeSet{c});
  scene.full = {c};
  CHECK_FALSE(scene.plan());
}

TEST_CASE("a complete joining copy is named in sync, and retired ones are let go") {
  Scene scene(a);
  scene.row.in_sync = {a};
  scene.row.joining = {c};
  scene.row.retired = {b};
  scene.dead = {b};
  scene.situation.complete = {c};
  const auto step = scene.plan();
  REQUIRE(step);
  CHECK(step->row.in_sync == NodeSet{a, c});
  CHECK(step->row.joining.empty());
  CHECK(step->row.retired.empty());
  CHECK(step->row.paired);
}

TEST_CASE("nothing is named in sync before the epoch is opened") {
  Scene scene(a);
  scene.row.in_sync = {a};
  scene.row.joining = {c};
  scene.situation.complete = {c};
  scene.situation.opened = false;
  CHECK_FALSE(scene.plan());
}

TEST_CASE(
    "a restarted primary hands over to a copy that lives, waits while that is unclear, else asks for a new "
    "epoch") {
  Scene scene(a);
  scene.situation.opened = false;
  scene.situation.restarted = true;
  SUBCASE("it lives") {
    const auto step = scene.plan();
    REQUIRE(step);
    CHECK(step->row.primary == b);
    CHECK(step->row.in_sync == NodeSet{a, b});
  }
  SUBCASE("it is unclear") {
    scene.situation.is_alive = [](NodeId id) { return id == a; };
    CHECK_FALSE(scene.plan());
  }
  SUBCASE("it is dead") {
    scene.dead = {b};
    const auto step = scene.plan();
    REQUIRE(step);
    CHECK(step->row.primary == a);
  }
}

TEST_CASE("a copy moves by joining first, and the primary hands over last") {
  Scene scene(a);
  scene.target = {b, c};
  scene.situation.target = &scene.target;
  auto step = scene.plan();
  REQUIRE(step);
  CHECK(step->movement);
  CHECK(step->row.joining == NodeSet{c});
  CHECK(step->row.in_sync == NodeSet{a, b});

  scene.row.in_sync = {a, b, c};
  scene.situation.preferred_primary = c;
  step = scene.plan();
  REQUIRE(step);
  CHECK(step->hand_over);
  CHECK(step->row.primary == c);
  CHECK(step->row.in_sync == NodeSet{a, b, c});
}

TEST_CASE("without a plan that is new enough nothing moves and no copy is let go") {
  Scene scene(a);
  scene.row.joining = {c};
  scene.situation.complete = {c};
  const auto step = scene.plan();
  REQUIRE(step);
  CHECK(step->row.in_sync == NodeSet{a, b, c});
}

TEST_CASE("a primary is handed over only within the budget for that") {
  Scene scene(a);
  scene.target = {a, b};
  scene.situation.target = &scene.target;
  scene.situation.preferred_primary = b;
  scene.situation.may_hand_over = false;
  CHECK_FALSE(scene.plan());
  scene.situation.may_hand_over = true;
  const auto step = scene.plan();
  REQUIRE(step);
  CHECK(step->hand_over);
  CHECK(step->row.primary == b);
}

TEST_CASE("nothing moves beyond the node's budget") {
  Scene scene(a);
  scene.target = {b, c};
  scene.situation.target = &scene.target;
  scene.situation.may_move = false;
  CHECK_FALSE(scene.plan());
}

TEST_CASE("a primary that lacks what another copy knows gives way to it, and joins again") {
  Scene scene(a);
  scene.situation.opened = false;
  scene.situation.ahead = {b};
  const auto step = scene.plan();
  REQUIRE(step);
  CHECK(step->row.primary == b);
  CHECK(step->row.in_sync == NodeSet{b});
  CHECK(step->row.joining == NodeSet{a});
}

TEST_CASE("an in-sync copy that lacks something joins again with what it holds") {
  Scene scene(a);
  scene.situation.opened = false;
  scene.situation.behind = {b};
  const auto step = scene.plan();
  REQUIRE(step);
  CHECK(step->row.in_sync == NodeSet{a});
  CHECK(step->row.joining == NodeSet{b});
}

/// All in-sync copies are lost; c joined, d is retired.
struct Loss : Scene {
  explicit Loss(NodeId who) : Scene(who) {
    row.in_sync = {a};
    row.joining = {c};
    row.retired = {d};
    dead = {a};
    situation.opened = false;
    situation.all_lost = true;
    situation.complete_part = who == d;
  }
};

TEST_CASE("a retired copy that holds everything up to some position has what is left combined") {
  const auto step = Loss(d).plan();
  REQUIRE(step);
  CHECK_FALSE(step->row.primary);
  CHECK(step->row.combining == d);
  CHECK(step->row.in_sync == NodeSet{a});
  CHECK_FALSE(Loss(c).plan());  // only a part
}

TEST_CASE("nothing is combined where the lost primary may have committed alone") {
  Loss scene(d);
  CHECK(scene.plan());
  scene.map.settings.copies_min = 1;
  CHECK_FALSE(scene.plan());
}

TEST_CASE("nor where it may have done so since it had a second copy in sync, whatever the settings are now") {
  Loss scene(d);
  scene.row.alone = true;
  CHECK(scene.map.settings.copies_min == 2);
  CHECK_FALSE(scene.plan());
}

TEST_CASE("a copy made whole is primary, the lost ones are kept, and another joins") {
  Loss scene(d);
  scene.row.primary.reset();
  scene.row.combining = d;
  CHECK_FALSE(scene.plan());
  scene.situation.combined = true;
  const auto step = scene.plan();
  REQUIRE(step);
  CHECK(step->row.primary == d);
  CHECK_FALSE(step->row.combining);
  CHECK(step->row.in_sync == NodeSet{d});
  CHECK(step->row.joining == NodeSet{c});
  CHECK(step->row.retired == NodeSet{a});
}

TEST_CASE("a lost copy that is back before the rest is combined is primary again") {
  Loss scene(a);
  scene.dead.clear();
  scene.row.primary.reset();
  scene.row.combining = d;
  const auto step = scene.plan();
  REQUIRE(step);
  CHECK(step->row.primary == a);
  CHECK_FALSE(step->row.combining);
  scene.situation.unfit = true;
  CHECK_FALSE(scene.plan());
}

}  // namespace gridmail
