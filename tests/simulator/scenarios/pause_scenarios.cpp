#include "tests/simulator/ledger_load.hpp"
#include "tests/simulator/scenarios/families.hpp"
#include "tests/simulator/troubles.hpp"

namespace gridmail::sim {
namespace {

using namespace std::chrono_literals;

/// One node stops for about as long as a lease lasts; when it goes on, another is cut off.
void stop_and_go_on(World& world, Load& load) {
  auto& ledger = dynamic_cast<LedgerLoad&>(load);
  for (int round = 0; round < 3; ++round) {
    load.run(5);
    const auto node = holder(world, world.chance().chance(0.3));
    if (!node) continue;
    const bool brief = world.chance().chance(0.6);
    const auto pause =
        1ms * static_cast<int>(brief ? 2000 + world.chance().below(1500) : world.chance().below(6000));
    world.pause(*node, true);
    const auto until = world.clock().now() + pause;
    while (world.clock().now() < until) {
      ledger.start_some();
      load.run_for(std::min<Duration>(100ms, until - world.clock().now()));
    }
    world.pause(*node, false);
    if (world.chance().chance(0.3)) continue;
    load.run_for(1ms * static_cast<int>(world.chance().below(100)));
    isolate(world, world.chance().below(world.size()));
    load.run(40);
    world.network().heal();
  }
}

/// A copy that was stopped believes its primary dead, asks to take over and only then answers what waited:
/// the old primary holds fresh leases of it when it is cut off.
void wake_and_take_over(World& world, Load& load) {
  auto& ledger = dynamic_cast<LedgerLoad&>(load);
  for (int round = 0; round < 3; ++round) {
    load.run(5);
    const auto slot = static_cast<SlotId>(world.chance().below(world.options().slots));
    const auto row = world.newest_map()->rows[slot];
    if (row.in_sync.size() < 2) continue;
    const std::size_t primary = world.number_of(*row.primary);
    const std::size_t other = world.number_of(*row.others().begin());
    world.pause(other, true);
    const auto until = world.clock().now() + 2150ms + 1ms * static_cast<int>(world.chance().below(400));
    while (world.clock().now() < until) {
      ledger.start_some();
      load.run_for(std::min<Duration>(100ms, until - world.clock().now()));
    }
    world.pause(other, false);
    load.run_for(1ms * static_cast<int>(5 + world.chance().below(60)));
    isolate(world, primary);
    for (int step = 0; step < 20; ++step) {
      ledger.start_some();
      ledger.start_append(other, slot);
      load.run_for(50ms);
      ledger.start_read(primary, slot);
      load.run_for(50ms);
    }
    world.network().heal();
  }
}

void slow_disk(World& world, Load& load) {
  for (int round = 0; round < 3; ++round) {
    load.run(5);
    const std::size_t node = world.chance().below(world.size());
    world.disk(node).stall(true);
    load.run(static_cast<int>(world.chance().below(60)));
    world.disk(node).stall(false);
  }
}

/// Some disks, or all of them, need up to 800 ms a write for a while, and now and then a node crashes
/// meanwhile.
void slow_writes(World& world, Load& load) {
  for (int round = 0; round < 3; ++round) {
    load.run(5);
    const bool all = world.chance().chance(0.3);
    for (std::size_t node = 0; node < world.size(); ++node) {
      if (!all && world.chance().chance(0.5)) continue;
      const auto more = 100 + world.chance().below(700);
      world.note({}, [&] {
        return "the disk of node" + std::to_string(node) + " needs " + std::to_string(more) + " ms a write";
      });
      world.disk(node).slow_down(1ms * static_cast<int>(more));
    }
    load.run(static_cast<int>(10 + world.chance().below(50)));
    const std::size_t crashed = world.chance().below(world.size());
    if (world.chance().chance(0.4)) {
      world.crash(crashed);
      load.run(static_cast<int>(world.chance().below(40)));
      world.restart(crashed);
      load.run(static_cast<int>(world.chance().below(40)));
    }
    for (std::size_t node = 0; node < world.size(); ++node) world.disk(node).slow_down(0ns);
  }
}

void slower_than_the_load(WorldOptions& options) {
  options.disks.sync_min = 20ms;
  options.disks.sync_max = 60ms;
  options.disks.queue_bytes_max = 1500;
}

}  // namespace

std::vector<Scenario> pause_scenarios() {
  return {
      {"disks are slower than the load, and nobody stops for that", [](World&, Load& load) { load.run(100); },
       slower_than_the_load},
      {"a node stops for about as long as a lease and goes on", stop_and_go_on},
      {"a copy that was stopped takes over from a primary that lives", wake_and_take_over},
      {"a disk hangs for a while", slow_disk},
      {"writes take up to 800 ms on some disks, or on all", slow_writes, {}, 4},
  };
}

}  // namespace gridmail::sim
