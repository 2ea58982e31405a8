#include "gossip/register/recovery_plan.hpp"

#include <doctest/doctest.h>

#include "gossip/register/acceptor.hpp"
#include "tests/unit/gossip/support/register_cluster.hpp"

namespace gridmail {
namespace {

using namespace std::chrono_literals;
using test::node;
using test::RegisterCluster;

/// Four members; five slots that lie differently on them.
Map scattered() {
  Map map = test::single(5);
  for (unsigned i = 2; i <= 4; ++i) map = test::with_member(map, test::member(i));
  map.voters = {node(1), node(2), node(3)};
  const auto set = [&](SlotId slot, NodeSet in_sync, NodeSet joining, NodeSet retired, NodeSet partial) {
    auto& row = map.rows[slot];
    row.primary = *in_sync.begin();
    row.in_sync = std::move(in_sync);
    row.joining = std::move(joining);
    row.retired = std::move(retired);
    row.partial = std::move(partial);
    row.paired = true;
  };
  set(0, {node(1), node(4)}, {}, {}, {});
  set(1, {node(1), node(2)}, {}, {}, {});
  set(2, {node(1)}, {node(2)}, {node(4)}, {});
  set(3, {node(2)}, {node(4)}, {}, {});
  set(4, {node(1)}, {}, {}, {node(4)});
  set(5, {node(3), node(4)}, {node(1)}, {}, {});
  return map;
}

TEST_CASE("what was under way is over: moves, maintenance, combining") {
  Map last = scattered();
  last.members[3].state = MemberState::leaving;
  last.members[3].successor = node(2);
  last.members[3].maintenance_until = 1;
  auto& row = last.rows[2];  // node 1 is lost, node 4 was to be made whole from it and node 2
  row.primary.reset();
  row.retired = {node(3), node(4)};
  row.combining = node(4);
  const auto recovery = plan_recovery(last, {node(3), node(4)}, node(4));
  REQUIRE(recovery);
  const auto* member = recovery->map.member(node(4));
  CHECK(member->state == MemberState::active);
  CHECK_FALSE(member->successor);
  CHECK(member->maintenance_until == 0);
  CHECK(recovery->map.rows[2].primary == node(4));
  CHECK_FALSE(recovery->map.rows[2].combining);
}

TEST_CASE("the survivors' copies are kept, and what is lost is named") {
  const Map last = scattered();
  const auto recovery = plan_recovery(last, {node(4)}, node(4));
  REQUIRE(recovery);
  const Map& map = recovery->map;
  CHECK(recovery->lost == std::vector<SlotId>{1});
  CHECK(recovery->stale == std::vector<SlotId>{2, 3, 4});
  CHECK(recovery->gone.size() == 3);
  CHECK(map.members.size() == 1);
  CHECK(map.voters == NodeSet{node(4)});
  CHECK(map.version > last.version + 1000);
  for (SlotId slot = 0; slot < map.rows.size(); ++slot) {
    const auto& row = map.rows[slot];
    CHECK(row.primary == node(4));
    CHECK(row.in_sync == NodeSet{node(4)});
    CHECK(row.others().empty());
    CHECK_FALSE(row.paired);
    CHECK(row.epoch > last.rows[slot].epoch + 1000);
    CHECK(row.epoch_since == map.version);
  }
  for (unsigned gone = 1; gone <= 3; ++gone) {
    CHECK(std::find(map.removed.begin(), map.removed.end(), node(gone)) != map.removed.end());
  }
  CHECK(*decode_map(encode_map(map)) == map);
}

TEST_CASE("several survivors share what is left") {
  const auto recovery = plan_recovery(scattered(), {node(2), node(4)}, node(4));
  REQUIRE(recovery);
  CHECK(recovery->lost.empty());
  CHECK(recovery->map.rows[1].in_sync == NodeSet{node(2)});
  CHECK(recovery->map.rows[1].paired);
  CHECK(recovery->map.rows[2].in_sync == NodeSet{node(4)});  // it was whole once
  CHECK(recovery->map.rows[2].joining == NodeSet{node(2)});
}

TEST_CASE("what nobody has left begins anew on the node that goes on") {
  const auto recovery = plan_recovery(scattered(), {node(3), node(4)}, node(4));
  REQUIRE(recovery);
  CHECK(recovery->lost == std::vector<SlotId>{1});
  CHECK(recovery->map.rows[1].primary == node(4));
}

TEST_CASE("nobody is recovered who was no member, nor on a node that stores no mail") {
  Map last = scattered();
  CHECK(plan_recovery(last, {node(4), node(9)}, node(4)).error().code == Errc::invalid);
  last.members[3].weight = 0;
  CHECK(plan_recovery(last, {node(3), node(4)}, node(4)).error().code == Errc::invalid);
}

TEST_CASE("a recovered register goes on with the survivors, who take its map in, and shuts out the others") {
  RegisterCluster grid(41);
  grid.create(5);
  grid.pass(10s);
  for (unsigned i : {0U, 1U, 2U}) grid.crash(grid.nodes[i]);
  auto& here = grid.nodes[4];
  const Map last = *here.service->current();
  REQUIRE(last.voters.size() == 5);
  grid.crash(here);
  auto recovery = plan_recovery(last, {node(4), node(5)}, node(5));
  REQUIRE(recovery);
  Acceptor acceptor(grid.context.get_executor(), *here.disk, {});
  REQUIRE(grid.run(acceptor.load()));
  Batch batch = acceptor.begin_with(recovery->map);
  batch.put(Family::node, Bytes(map_key), encode_map(recovery->map));
  REQUIRE(grid.run(here.disk->commit(std::move(batch))));
  grid.start(here);
  grid.nodes[3].service->fetch_from(node(5));  // as gossip has it do
  grid.pass(1s);
  CHECK(*grid.nodes[3].service->current() == recovery->map);
  MapChange change;
  change.slots.push_back({1, recovery->map.rows[1].epoch, recovery->map.rows[1]});
  CHECK(grid.propose(grid.nodes[3], change));
  grid.start(grid.nodes[0]);
  grid.pass(5s);
  CHECK(grid.nodes[0].service->current()->version < recovery->map.version);
}

}  // namespace
}  // namespace gridmail
