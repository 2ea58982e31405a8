// Watches: who hears that a mailbox has changed.
#include "tests/unit/mailbox/mailbox_grid.hpp"

namespace gridmail::test {
namespace {

using Grid = MailboxGrid;

TEST_CASE("a front that watches is told the new MODSEQ, until it no longer asks") {
  Grid grid;
  grid.slots.front = draw_id<NodeId>(grid.random);
  const auto box = grid.id_of();
  const auto before = grid.must(grid.client.watch(grid.user, box));
  grid.deliver("a");
  REQUIRE(grid.pushes.sent.size() == 1);
  CHECK(grid.pushes.sent[0].first == grid.slots.front);
  CHECK(grid.pushes.sent[0].second.user() == grid.user.bytes());
  CHECK(grid.pushes.sent[0].second.highest_modseq() == before + 1);
  grid.deliver("b", "Trash");
  CHECK(grid.pushes.sent.size() == 1);
  run_for(grid.context, grid.clock, std::chrono::minutes(2));
  grid.deliver("c");
  CHECK(grid.pushes.sent.size() == 1);
}

TEST_CASE("the end of a watched mailbox is told as well") {
  Grid grid;
  const auto box = grid.id_of("Junk");
  grid.must(grid.client.watch(grid.user, box));
  grid.must(grid.client.remove(grid.user, "Junk"));
  REQUIRE(grid.pushes.sent.size() == 1);
  CHECK(grid.pushes.sent[0].second.highest_modseq() == std::numeric_limits<ModSeq>::max());
  CHECK(grid.refused(grid.client.watch(grid.user, box)).code == Errc::not_found);
}

TEST_CASE("a change that fails is told to nobody") {
  Grid grid;
  grid.must(grid.client.watch(grid.user, grid.id_of()));
  grid.slots.slot->fate = [] { return Fate::lost; };
  grid.slots.on_failure = [&] {
    CHECK(grid.pushes.sent.empty());
    grid.slots.slot->fate = {};
  };
  grid.deliver("a");
  CHECK(grid.pushes.sent.size() == 1);
}

}  // namespace
}  // namespace gridmail::test
