// Disks that do not give back what was written.
#include <set>
#include <vector>

#include "tests/simulator/scenarios/families.hpp"
#include "tests/simulator/troubles.hpp"

namespace gridmail::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration mended_within = 120s;

void often(WorldOptions& options) {
  options.core.replication.scrub.day = 100ms;
  options.core.replication.scrub.look_every = 500ms;
  options.core.replication.scrub.keep_every = 1s;
}

/// Records rot on one node after the other, each noticed by whoever reads it, or by the scrub.
void rotten_records(World& world, Load& load) {
  for (int round = 0; round < 4; ++round) {
    load.run(static_cast<int>(5 + world.chance().below(20)));
    const auto node = holder(world, world.chance().chance(0.5));
    if (!node || !load.run_for(30s, [&] { return world.is_whole(); })) continue;
    for (auto left = 1 + world.chance().below(5); left > 0; --left) rot_record(world, *node, world.chance());
    load.run(static_cast<int>(world.chance().below(10)));
    const auto mended = [&] { return !world.disk(*node).is_rotten() && world.is_whole(); };
    if (!load.run_for(mended_within, mended)) throw Violation("a rotten record is not mended");
    // Others have heard by then which copy to fill again.
    load.run_for(15s);
  }
}

/// A slot's records rot in all of its copies, though none in two of them.
void rot_slot(World& world, SlotId slot) {
  std::vector<std::size_t> holders;
  for (const auto& node : world.newest_map()->rows[slot].in_sync) holders.push_back(world.number_of(node));
  if (holders.size() < 2) return;
  std::set<std::pair<Family, Bytes>> rotten;
  for (auto left = 2 + world.chance().below(6); left > 0; --left) {
    const auto family = world.chance().chance(0.5) ? Family::meta : Family::body;
    const auto node = holders[world.chance().below(holders.size())];
    const auto& pairs = world.disk(node).contents(family);
    const auto begin = pairs.lower_bound(slot_begin(slot));
    const auto count = std::distance(begin, pairs.lower_bound(slot_begin(slot + 1)));
    if (count == 0) continue;
    const auto& key =
        std::next(begin, static_cast<std::ptrdiff_t>(world.chance().below(static_cast<std::uint64_t>(count))))
            ->first;
    if (!rotten.emplace(family, key).second) continue;
    world.note({slot}, [&] { return to_hex(key) + " rots on the disk of node" + std::to_string(node); });
    world.disk(node).rot(family, key);
  }
}

/// One copy has lost records when it turns out that the other one has, too.
void rotten_on_both(World& world, Load& load) {
  for (int round = 0; round < 3; ++round) {
    load.run(static_cast<int>(5 + world.chance().below(20)));
    if (!load.run_for(30s, [&] { return world.is_whole(); })) continue;
    rot_slot(world, static_cast<SlotId>(world.chance().below(world.options().slots)));
    load.run(static_cast<int>(world.chance().below(10)));
    const auto is_rotten = [&] {
      bool any = false;
      for (std::size_t node = 0; node < world.size(); ++node) any |= world.disk(node).is_rotten();
      return any;
    };
    const auto mended = [&] { return !is_rotten() && world.is_whole(); };
    if (!load.run_for(mended_within, mended)) throw Violation("a rotten record is not mended");
    load.run_for(15s);
  }
}

/// Some copy that is not the primary's holds something else than what was written, and no checksum says so.
void altered_records(World& world, Load& load) {
  load.run(static_cast<int>(10 + world.chance().below(20)));
  // Nothing moves any more: an altered copy must not become the primary's before the scrub has seen it.
  load.run_for(20s);
  const auto map = world.newest_map();
  for (SlotId slot = 0; slot < world.options().slots; ++slot) {
    const auto& row = map->rows[slot];
    for (const auto& node : row.in_sync) {
      if (node == row.primary) continue;
      auto& disk = world.disk(world.number_of(node));
      for (auto left = 1 + world.chance().below(4); left > 0; --left) {
        const auto& pairs = disk.contents(Family::meta);
        const auto begin = pairs.lower_bound(slot_begin(slot));
        const auto count = std::distance(begin, pairs.lower_bound(slot_begin(slot + 1)));
        if (count == 0) break;
        const auto at = std::next(
            begin, static_cast<std::ptrdiff_t>(world.chance().below(static_cast<std::uint64_t>(count))));
        const Bytes key = at->first;
        world.note({slot}, [&] {
          return to_hex(key) + " becomes another on node" + std::to_string(world.number_of(node));
        });
        switch (world.chance().below(3)) {
          case 0:
            disk.alter(Family::meta, key, "another");
            break;
          case 1:
            disk.alter(Family::meta, key, std::nullopt);
            break;
          default:
            disk.alter(Family::meta, key + "x", "one more");
        }
      }
    }
  }
  // Until the round after the present one is over.
  load.run_for(30s);
}

void alone(WorldOptions& options) {
  often(options);
  options.grid.copies_min = 1;
}

/// One of two nodes is away: what the other one reads meanwhile is compared with nothing.
void compared_with_nothing(World& world, Load& load) {
  load.run(20);
  const auto map = world.newest_map();
  const std::size_t left = map->voters.contains(world.id(0)) ? 0 : 1;
  const std::size_t away = 1 - left;
  world.crash(away);
  const auto leads_all = [&] {
    return world.core(left).slots().counts().opened == world.newest_map()->rows.size();
  };
  if (!load.run_for(60s, leads_all)) throw Violation("one node of two does not go on alone");
  const auto since = world.clock_of(left).wall();
  load.run_for(20s);  // some rounds
  if (world.core(left).scrub().report().slots_due != map->rows.size())
    throw Violation("a slot counts as compared though there was nobody to compare it with");
  world.core(left).scrub().begin_round();
  const auto all_wait = [&] { return world.core(left).scrub().report().slots_waiting == map->rows.size(); };
  if (!load.run_for(mended_within, all_wait))
    throw Violation("a round that was asked for does not end while nobody is there to compare with");
  world.restart(away);
  const auto compared = [&] { return world.is_whole() && world.core(left).scrub().report().oldest > since; };
  if (!load.run_for(mended_within, compared))
    throw Violation("a slot is not compared with a copy that is back");
}

}  // namespace

std::vector<Scenario> rot_scenarios() {
  return {
      {"records rot on one node after the other", rotten_records, often, 4},
      {"records rot in both copies of a slot", rotten_on_both, often, 4},
      {"records of one copy become others unnoticed", altered_records, often},
      {"one of two nodes has nobody to compare its slots with", compared_with_nothing, alone, 2},
      {.name = "mail while records rot on one node after the other",
       .trouble = rotten_records,
       .prepare = often,
       .nodes = 4,
       .workload = Workload::mail},
      {.name = "mail while records rot in both copies of a user's slot",
       .trouble = rotten_on_both,
       .prepare = often,
       .nodes = 4,
       .workload = Workload::mail},
  };
}

}  // namespace gridmail::sim
