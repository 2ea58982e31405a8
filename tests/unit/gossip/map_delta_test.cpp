#include "gossip/register/map_delta.hpp"

#include <doctest/doctest.h>

#include "tests/unit/gossip/support/register_cluster.hpp"

namespace gridmail {
namespace {

using namespace std::chrono_literals;
using test::node;
using test::RegisterCluster;

Map sample(std::uint32_t slots = 64) {
  Map map = test::single(slots);
  for (unsigned i = 2; i <= 30; ++i) map = test::with_member(map, test::member(i));
  return map;
}

Map with_new_epoch(const Map& map, SlotId slot, unsigned retired) {
  MapChange change;
  SlotRow row = map.rows[slot];
  row.retired = {node(retired)};
  change.slots.push_back({slot, row.epoch, row});
  return apply(map, change);
}

ChosenMap chosen(Map map) {
  Bytes bytes = encode_map(map);
  return {std::make_shared<const Map>(std::move(map)), std::move(bytes)};
}

TEST_CASE("a delta from any earlier version makes the same bytes") {
  std::vector<Map> maps = {sample()};
  for (unsigned i = 0; i < 20; ++i) maps.push_back(with_new_epoch(maps.back(), i % 7, 2 + i));
  maps.push_back(test::with_member(maps.back(), test::member(40)));
  const auto newest = chosen(maps.back());
  for (const auto& base : maps) {
    const auto made = apply_delta(base, make_delta(newest, base.version, nullptr));
    REQUIRE(made);
    CHECK(made->bytes == newest.bytes);
    CHECK(*made->map == *newest.map);
  }
  // Made for an older one it fits those in between, too.
  CHECK(apply_delta(maps[10], make_delta(newest, maps[3].version, nullptr))->bytes == newest.bytes);
}

TEST_CASE("a delta for a newer map than the one here, or of other members, is refused") {
  const Map base = sample();
  const Map next = with_new_epoch(base, 3, 5);
  const Map newest = with_new_epoch(next, 4, 6);
  CHECK(apply_delta(base, make_delta(chosen(newest), next.version, nullptr)).error().code == Errc::conflict);
  Map other = next;
  other.members.pop_back();
  CHECK(apply_delta(other, make_delta(chosen(newest), next.version, &next)).error().code == Errc::conflict);
  auto delta = make_delta(chosen(newest), next.version, &next);
  delta.add_slots(1);
  CHECK(apply_delta(next, delta).error().code == Errc::corrupted);
}

TEST_CASE("the change of one of 4,096 slots costs followers some hundred bytes") {
  const Map base = sample(4096);
  const auto next = chosen(with_new_epoch(base, 77, 5));
  const auto delta = make_delta(next, base.version, &base);
  CHECK(next.bytes.size() > 40'000);
  CHECK(delta.ByteSizeLong() < 400);
  CHECK(apply_delta(base, delta)->bytes == next.bytes);
}

TEST_CASE("nodes are pushed deltas, and one that missed some is sent what it lacks") {
  RegisterCluster grid(31);
  grid.create(4, 512);
  grid.pass(5s);
  grid.pushed_whole = 0;
  auto& first = grid.nodes[0];
  auto& away = grid.nodes[3];
  grid.crash(away);
  for (SlotId slot = 0; slot < 5; ++slot) {
    MapChange change;
    SlotRow row = first.service->current()->rows[slot];
    row.retired = {node(2)};
    change.slots.push_back({slot, row.epoch, row});
    REQUIRE(grid.propose(first, change));
    if (slot == 3) grid.start(away);  // it misses the first ones, and gets the last push
  }
  grid.pass(1s);
  for (auto& n : grid.nodes) CHECK(*n.service->current() == *first.service->current());
  CHECK(grid.pushed_whole == 0);
}

}  // namespace
}  // namespace gridmail
