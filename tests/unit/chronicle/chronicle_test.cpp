#include "node/chronicle/chronicle.hpp"

#include <doctest/doctest.h>

#include "node/chronicle/chronicle_service.hpp"
#include "tests/unit/gossip/support/sample_map.hpp"

namespace gridmail {
namespace {

using test::node;

/// Three nodes as one of them sees them, a second between two looks.
struct Watch {
  Map map = test::settled(3);
  NodeSet silent;
  WallMicros now = 1'000'000'000;
  Chronicle seen;

  void look(int times = 1) {
    for (; times > 0; --times) {
      seen.look(
          map, [this](NodeId id) { return !silent.contains(id); }, now);
      now += 1'000'000;
    }
  }
  Member& member(unsigned number) {
    ++map.version;
    return *std::find_if(map.members.begin(), map.members.end(),
                         [&](const auto& one) { return one.id == node(number); });
  }
  /// Every slot of `from` gets another primary.
  std::uint32_t move_primaries(unsigned from) {
    std::uint32_t moved = 0;
    ++map.version;
    for (auto& row : map.rows) {
      if (row.primary != node(from)) continue;
      row.primary = node(from % 3 + 1);
      ++moved;
    }
    return moved;
  }
  /// "silent n2", and so on.
  std::vector<std::string> told() const {
    std::vector<std::string> lines;
    const auto all = seen.events();
    for (const auto& event : all.events())
      lines.push_back(std::string(name_of(event.what())) + " " + event.name());
    return lines;
  }
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a node that dies and returns is told of once each, with the slots that others took over") {
  Watch watch;
  watch.look(3);
  CHECK(watch.told().empty());
  watch.silent = {node(2)};
  watch.look(2);
  const auto moved = watch.move_primaries(2);
  watch.look(5);
  CHECK(watch.told() == Lines{"silent n2", "taken_over n2"});
  const auto events = watch.seen.events();
  CHECK(events.events(1).slots() == moved);
  CHECK(events.events(1).by_size() == 1);
  watch.silent = {};
  watch.look(2);
  CHECK(watch.told() == Lines{"silent n2", "taken_over n2", "returned n2"});
}

TEST_CASE("a moment's silence is no death, nor is a node that was never heard since this one started") {
  Watch watch;
  watch.silent = {node(3)};
  watch.look(5);
  watch.silent = {node(2)};
  watch.look(1);
  watch.silent = {};
  watch.look(3);
  CHECK(watch.told().empty());
}

TEST_CASE("drains, maintenance, joining and removal are told, with what was handed over") {
  Watch watch;
  watch.look();
  watch.member(1).state = MemberState::draining;
  watch.look();
  watch.move_primaries(1);
  watch.look();
  watch.member(1).state = MemberState::active;
  watch.look();
  watch.member(2).maintenance_until = 5;
  watch.look();
  watch.map = test::with_member(watch.map, test::member(4));
  watch.look();
  ++watch.map.version;
  std::erase_if(watch.map.members, [](const auto& one) { return one.id == node(4); });
  watch.look();
  CHECK(watch.told() ==
        Lines{"draining n1", "handed_over n1", "working n1", "away n2", "joined n4", "removed n4"});
}

TEST_CASE("what the balancer shifts between nodes that work is no event") {
  Watch watch;
  watch.look();
  watch.move_primaries(1);
  watch.look();
  CHECK(watch.told().empty());
}

TEST_CASE("no more is kept than there is room for") {
  Watch watch;
  watch.look();
  for (int i = 0; i < 150; ++i) {
    watch.silent = {node(2)};
    watch.look(2);
    watch.silent = {};
    watch.look();
  }
  CHECK(watch.seen.events().events_size() == Chronicle::events_max);
}

TEST_CASE("what several nodes saw is one event, the newest first; what one saw twice is two") {
  const auto add = [](chronicle::Events& events, chronicle::Event::What what, WallMicros seconds,
                      std::uint32_t slots) {
    auto& event = *events.add_events();
    event.set_what(what);
    event.set_node("n");
    event.set_at(seconds * 1'000'000);
    event.set_slots(slots);
  };
  chronicle::Events one, other;
  add(one, chronicle::Event::SILENT, 100, 0);
  add(one, chronicle::Event::TAKEN_OVER, 103, 4);
  add(one, chronicle::Event::SILENT, 110, 0);
  add(other, chronicle::Event::SILENT, 101, 0);
  add(other, chronicle::Event::TAKEN_OVER, 102, 9);
  add(other, chronicle::Event::SILENT, 200, 0);
  const auto all = combined({one, other});
  REQUIRE(all.size() == 4);
  CHECK(all[0].event.at() == 200'000'000);
  CHECK(all[1].event.at() == 110'000'000);
  CHECK(all[2].event.what() == chronicle::Event::TAKEN_OVER);
  CHECK(all[2].event.slots() == 9);
  CHECK(all[2].seen_by == 2);
  CHECK(all[3].seen_by == 2);
}

}  // namespace gridmail
