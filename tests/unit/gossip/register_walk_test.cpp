// The register under random faults: lost, late, doubled messages, crashes with half-written disks,
// partitions, changes of voters in the middle of it all, and a wrong idea of who lives. At most one map per
// version is ever chosen, what was answered stays, and once everything is healed changes go through again.
#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/unit/gossip/support/register_cluster.hpp"

namespace gridmail {
namespace {

using namespace std::chrono_literals;
using test::node;
using test::RegisterCluster;

class Walk {
 public:
  explicit Walk(std::uint64_t seed) : grid_(seed) {
    grid_.settings.voter_plan_period = 700ms;
    grid_.disks.sync_max = Duration(1ms) * static_cast<std::int64_t>(1 + grid_.random.below(60));
    grid_.create(static_cast<unsigned>(1 + grid_.random.below(7)));
    grid_.network.faults = {0.2 * grid_.random.unit(), 0.2 * grid_.random.unit(), 100us,
                            Duration(1ms) * static_cast<std::int64_t>(2 + grid_.random.below(150))};
    grid_.seems_alive = [this](NodeId id) {
      return grid_.find(id)->up() != grid_.random.chance(0.1);  // wrong at times
    };
    churn_ = {2 + grid_.random.below(15), 5 + grid_.random.below(20), 2 + grid_.random.below(15),
              2 + grid_.random.below(10), 5 + grid_.random.below(40)};
    dead_max_ = grid_.random.chance(0.5) ? grid_.nodes.size() : (grid_.nodes.size() - 1) / 2;
  }

  void steps(int count) {
    for (int i = 0; i < count; ++i) {
      step();
      grid_.pass(Duration(1ms) * static_cast<std::int64_t>(grid_.random.below(120)));
    }
  }

  void heal_and_check() {
    grid_.network.heal();
    grid_.network.faults = {};
    grid_.dead_for_long.clear();
    grid_.seems_alive = [](NodeId) { return true; };
    for (auto& n : grid_.nodes)
      if (!n.up()) grid_.start(n);
    grid_.pass(6s);
    for (auto& n : grid_.nodes) {
      const auto agreed = grid_.propose(n, random_slot_change(n));
      REQUIRE(agreed);
      for (const auto& [slot, epoch] : acknowledged_) CHECK((*agreed)->rows[slot].epoch > epoch);
    }
    grid_.pass(1s);
    const auto version = grid_.nodes[0].service->current()->version;
    for (auto& n : grid_.nodes) CHECK(n.service->current()->version == version);
  }
  [[nodiscard]] std::size_t versions() const { return grid_.history.versions(); }

 private:
  void step() {
    auto& n = grid_.nodes[grid_.random.below(grid_.nodes.size())];
    auto dice = grid_.random.below(120);
    const auto falls_on = [&](std::uint64_t share) {
      if (dice < share) return true;
      dice -= share;
      return false;
    };
    if (falls_on(churn_.crashes)) {
      if (n.up() && down() < dead_max_) grid_.crash(n);
    } else if (falls_on(churn_.restarts)) {
      if (!n.up()) grid_.start(n);
    } else if (falls_on(churn_.partitions)) {
      partition();
    } else if (falls_on(churn_.healings)) {
      grid_.network.heal();
    } else if (falls_on(3)) {
      grid_.dead_for_long = grid_.dead_for_long.empty() ? NodeSet{n.id} : NodeSet{};
    } else if (falls_on(churn_.voter_changes)) {
      if (n.up()) change_voters(n);
    } else if (n.up()) {
      change_slot(n);
    }
  }
  [[nodiscard]] std::size_t down() const {
    return static_cast<std::size_t>(
        std::count_if(grid_.nodes.begin(), grid_.nodes.end(), [](const auto& n) { return !n.up(); }));
  }
  /// In two, or a single direction between two nodes.
  void partition() {
    if (grid_.random.chance(0.5)) {
      const auto any = [this] { return grid_.nodes[grid_.random.below(grid_.nodes.size())].id; };
      return grid_.network.block(any(), any());
    }
    std::vector<std::vector<NodeId>> groups(2);
    for (auto& n : grid_.nodes) groups[grid_.random.below(2)].push_back(n.id);
    grid_.network.partition(groups);
  }
  MapChange random_slot_change(RegisterCluster::Node& n) {
    const auto map = n.service->current();
    const auto slot = static_cast<SlotId>(grid_.random.below(map->rows.size()));
    SlotRow row = map->rows[slot];
    row.retired.clear();
    for (const auto& m : map->members)
      if (!row.holds(m.id) && grid_.random.chance(0.5)) row.retired.insert(m.id);  // tells changes apart
    MapChange change;
    change.slots.push_back({slot, row.epoch, row});
    return change;
  }
  void change_slot(RegisterCluster::Node& n) {
    const auto change = random_slot_change(n);
    const auto slot = change.slots[0].slot;
    const auto expected = change.slots[0].expected;
    grid_.propose(n, change, [this, slot, expected](const Result<MapPtr>& result) {
      if (!result) return;
      CHECK((*result)->rows[slot].epoch > expected);
      acknowledged_.emplace_back(slot, expected);
    });
  }
  void change_voters(RegisterCluster::Node& n) {
    const auto map = n.service->current();
    const auto& members = map->members;
    const auto count = 1 + grid_.random.below(members.size());
    NodeSet set = grid_.random.chance(0.3) ? map->voters : NodeSet{};  // ends a change under way
    while (set.size() < count) set.insert(members[grid_.random.below(members.size())].id);
    MapChange change;
    change.voters = VotersChange{set};
    grid_.propose(n, change, [](const Result<MapPtr>&) {});
  }

  RegisterCluster grid_;
  struct {
    std::uint64_t crashes, restarts, partitions, healings, voter_changes;  // shares of the steps
  } churn_{};
  std::size_t dead_max_ = 0;
  std::vector<std::pair<SlotId, Epoch>> acknowledged_;
};

TEST_CASE("random walks choose one map per version and come to rest") {
  // More with GRIDMAIL_WALKS=n; one with GRIDMAIL_SEED=s.
  const char* walks = std::getenv("GRIDMAIL_WALKS");
  const char* only = std::getenv("GRIDMAIL_SEED");
  const std::uint64_t first = only != nullptr ? std::strtoull(only, nullptr, 10) : 1;
  const std::uint64_t count = only != nullptr    ? 1
                              : walks != nullptr ? std::strtoull(walks, nullptr, 10)
                                                 : 300;
  std::size_t versions = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    Walk walk(seed);
    walk.steps(80);
    walk.heal_and_check();
    versions += walk.versions();
  }
  CHECK(versions > count * 8);  // the walks did agree on things under way
}

}  // namespace
}  // namespace gridmail
