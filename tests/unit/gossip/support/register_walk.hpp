// A random walk of the register: crashes, partitions, loss, voters that change, slots that change. At the end
// everything is healed, and must go on.
#pragma once
#include <string>

#include "tests/unit/gossip/support/register_cluster.hpp"

namespace gridmail::test {

using namespace std::chrono_literals;

/// What a walk is mostly about.
enum class Terrain {
  any,         ///< every kind of trouble, for grids of one to seven
  old_voters,  ///< few voters, changed all the time, half of the changes broken off; nodes hear late or never
  old_disk,    ///< one node's disk is put back to what it was some starts ago
};

class RegisterWalk {
 public:
  RegisterWalk(std::uint64_t seed, Terrain terrain, const RegisterFaults& sabotage) : grid_(seed) {
    grid_.settings.sabotage = sabotage;
    if (terrain == Terrain::any) begin_anywhere();
    if (terrain == Terrain::old_voters) begin_with_old_voters();
    if (terrain == Terrain::old_disk) begin_with_an_old_disk();
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
    grid_.pushes_lost = 0;
    grid_.settings.round_max = 4s;
    for (auto& n : grid_.nodes) {
      grid_.crash(n);  // so that all have these settings
      grid_.start(n);
    }
    grid_.pass(6s);
    for (auto& n : grid_.nodes) {
      const auto agreed = grid_.propose(n, random_slot_change(n));
      if (!agreed) throw RegisterViolation("healed, and yet nothing is agreed: " + agreed.error().text);
      for (const auto& [slot, epoch] : acknowledged_) {
        if ((*agreed)->rows[slot].epoch <= epoch) throw RegisterViolation("an agreed change is gone");
      }
    }
    grid_.pass(5s);  // also for the voters to be brought in shape by those who know by now
    const auto version = grid_.nodes[0].service->current()->version;
    for (auto& n : grid_.nodes) {
      if (n.service->current()->version != version) throw RegisterViolation("not all have the newest map");
    }
  }
  [[nodiscard]] std::size_t versions() const { return grid_.history.versions(); }

 private:
  void begin_anywhere() {
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
    voters_max_ = grid_.nodes.size();
  }
  /// Each node proposes what it knows to be newest, and most know something old.
  void begin_with_old_voters() {
    grid_.settings.voter_plan_period = 1h;
    grid_.settings.round_max = Duration(1ms) * static_cast<std::int64_t>(100 + grid_.random.below(600));
    grid_.create(static_cast<unsigned>(4 + grid_.random.below(4)), 1);
    grid_.network.faults = {0.1 + 0.4 * grid_.random.unit(), 0, 100us, 20ms};
    grid_.pushes_lost = 0.5 + 0.5 * grid_.random.unit();
    grid_.seems_alive = [](NodeId) { return false; };
    churn_ = {5 + grid_.random.below(15), 30, grid_.random.below(10), grid_.random.below(10), 60};
    dead_max_ = grid_.nodes.size() - 1;
    voters_max_ = 3;
  }
  void begin_with_an_old_disk() {
    grid_.settings.voter_plan_period = 1h;
    grid_.create(3, 2);
    MapChange three;
    three.voters = VotersChange{{grid_.nodes[0].id, grid_.nodes[1].id, grid_.nodes[2].id}};
    for (int i = 0; i < 2; ++i) (void)grid_.propose(grid_.nodes[0], three);
    grid_.network.faults = {0.1 * grid_.random.unit(), 0, 100us, 20ms};
    grid_.pushes_lost = grid_.random.unit();
    grid_.seems_alive = [](NodeId) { return false; };
    churn_ = {20, 60, 0, 0, 0};
    dead_max_ = 1;
    voters_max_ = 3;
    victim_ = grid_.random.below(3);
  }
  /// Its memory of what it voted for since is gone, while the others live.
  void put_back_an_old_disk() {
    auto& n = grid_.nodes[*victim_];
    if (down() > 0) return;
    if (!old_image_) {
      old_image_ = n.disk->image();
      grid_.crash(n);
      grid_.start(n);  // adds a mark that the image lacks
      return;
    }
    if (!grid_.random.chance(0.3)) return;
    grid_.crash(n);
    n.disk->restore(*old_image_);
    grid_.start(n);
    grid_.pass(1s);  // one thing at a time: who remembers its marks lives
    victim_.reset();
  }
  void step() {
    if (victim_ && grid_.random.chance(0.1)) put_back_an_old_disk();
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
      if ((*result)->rows[slot].epoch <= expected) throw RegisterViolation("answered, and not changed");
      acknowledged_.emplace_back(slot, expected);
    });
  }
  void change_voters(RegisterCluster::Node& n) {
    const auto map = n.service->current();
    const auto& members = map->members;
    const auto count = 1 + grid_.random.below(std::min(voters_max_, members.size()));
    const bool ends = grid_.random.chance(map->voters_before.empty() ? 0.1 : 0.6);
    NodeSet set = ends ? map->voters : NodeSet{};
    while (!ends && set.size() < count) set.insert(members[grid_.random.below(members.size())].id);
    MapChange change;
    change.voters = VotersChange{set};
    grid_.propose(n, change, [](const Result<MapPtr>&) {});
  }

  RegisterCluster grid_;
  struct {
    std::uint64_t crashes, restarts, partitions, healings, voter_changes;  // shares of the steps
  } churn_{};
  std::size_t dead_max_ = 0;
  std::size_t voters_max_ = 0;
  std::optional<std::size_t> victim_;
  std::optional<decltype(std::declval<MemoryStore>().image())> old_image_;
  std::vector<std::pair<SlotId, Epoch>> acknowledged_;
};

}  // namespace gridmail::test
