#include "gossip/register/key_plan.hpp"

#include <doctest/doctest.h>

#include "tests/unit/gossip/support/register_cluster.hpp"

namespace gridmail {
namespace {

using namespace std::chrono_literals;
using test::node;
using test::RegisterCluster;

const Bytes first_key(gossip_key_bytes, 'a');
const Bytes second_key(gossip_key_bytes, 'b');

Map with_key() {
  Map map = test::single();
  map.keys.ring = {{first_key}};
  return map;
}

Map after(const Map& map, std::optional<KeysChange> keys) {
  REQUIRE(keys);
  MapChange change;
  change.keys = std::move(keys);
  return apply(map, *decode_change(encode_change(change)));
}

TEST_CASE("a rotation installs, seals with, and then is left with the new key") {
  Map map = with_key();
  CHECK_FALSE(plan_keys(map, {}));
  map = after(map, begin_rotation(map, second_key));
  CHECK(map.keys.ring == KeyRing{{first_key, second_key}});
  CHECK(map.keys.since == map.version);
  CHECK(*decode_map(encode_map(map)) == map);
  CHECK_FALSE(begin_rotation(map, Bytes(gossip_key_bytes, 'c')));
  CHECK_FALSE(plan_keys(map, {node(2)}));
  map = after(map, plan_keys(map, {}));
  CHECK(map.keys.ring == KeyRing{{second_key, first_key}});
  CHECK_FALSE(plan_keys(map, {node(2)}));
  map = after(map, plan_keys(map, {}));
  CHECK(map.keys.ring == KeyRing{{second_key}});
  CHECK(map.keys.phase == KeyPhase::settled);
  CHECK_FALSE(plan_keys(map, {}));
}

TEST_CASE("a step that is sent again, or of two rotations begun at once the later one, changes nothing") {
  const Map map = with_key();
  const auto begin = begin_rotation(map, second_key);
  const auto other = begin_rotation(map, Bytes(gossip_key_bytes, 'c'));
  const Map begun = after(map, begin);
  CHECK(after(begun, begin) == begun);
  CHECK(after(begun, other) == begun);
  auto odd = plan_keys(begun, {});
  odd->ring.keys.clear();
  CHECK(after(begun, odd) == begun);
}

TEST_CASE("voters carry a rotation on, whoever began it, as soon as nobody alive is behind") {
  RegisterCluster grid(21);
  NodeSet behind{node(3)};
  grid.behind = [&](MapVersion) { return behind; };
  grid.keys = {{first_key}};
  grid.create(3);
  grid.pass(5s);
  MapChange change;
  change.keys = begin_rotation(*grid.nodes[2].service->current(), second_key);
  REQUIRE(grid.propose(grid.nodes[2], change));
  grid.pass(10s);
  CHECK(grid.nodes[1].service->current()->keys.phase == KeyPhase::installing);
  grid.crash(grid.nodes[0]);  // the lowest voter
  behind.clear();
  grid.pass(10s);
  for (auto& n : grid.nodes) {
    if (n.up()) CHECK(n.service->current()->keys.ring == KeyRing{{second_key}});
  }
  grid.start(grid.nodes[0]);
  grid.nodes[0].service->fetch_from(node(2));
  grid.pass(1s);
  CHECK(grid.nodes[0].service->current()->keys.ring == KeyRing{{second_key}});
}

TEST_CASE("a grid from before maps held keys gets its first one by itself") {
  RegisterCluster grid(22);
  grid.keys = {};
  grid.create(3);
  grid.pass(5s);
  const auto keys = grid.nodes[0].service->current()->keys;
  REQUIRE(keys.ring.keys.size() == 1);
  CHECK(keys.phase == KeyPhase::settled);
  for (auto& n : grid.nodes) CHECK(n.service->current()->keys == keys);
}

}  // namespace
}  // namespace gridmail
