#include "node/canary_slots.hpp"

#include <doctest/doctest.h>

#include <set>

#include "tests/unit/gossip/support/sample_map.hpp"

namespace gridmail {
namespace {

using test::settled;

const auto everybody = [](NodeId) { return true; };

}  // namespace

TEST_CASE("canaries fly to slots of this node first, to different copies") {
  const Map map = settled(4);
  const auto slots = canary_slots(map, test::node(1), 7, 3, everybody);
  REQUIRE(slots.size() == 3);
  std::set<std::vector<NodeId>> copies;
  for (const SlotId slot : slots) {
    CHECK(map.rows[slot].primary == test::node(1));
    const auto& in_sync = map.rows[slot].in_sync;
    copies.insert({in_sync.begin(), in_sync.end()});
  }
  CHECK(copies.size() == 3);
}

TEST_CASE("canaries avoid every slot with a copy on a node that is thought dead") {
  const Map map = settled(3);
  const auto alive = [](NodeId id) { return id != test::node(3); };
  const auto slots = canary_slots(map, test::node(1), 0, 3, alive);
  REQUIRE(!slots.empty());
  for (const SlotId slot : slots) CHECK_FALSE(map.rows[slot].holds(test::node(3)));
}

TEST_CASE(
    "a node that stores nothing sends its canaries to others, and a lone one has nowhere to send them") {
  const Map map = settled(3);
  const auto slots = canary_slots(map, test::node(9), 0, 3, everybody);
  CHECK(slots.size() == 3);
  CHECK(canary_slots(map, test::node(1), 0, 3, [](NodeId id) { return id == test::node(1); }).empty());
}

}  // namespace gridmail
