#include "tests/simulator/scenarios.hpp"

namespace gridmail::sim {
namespace {

using namespace std::chrono_literals;

std::optional<std::size_t> some_live_node(World& world) {
  std::vector<std::size_t> live;
  for (std::size_t i = 0; i < world.size(); ++i) {
    if (world.is_up(i)) live.push_back(i);
  }
  if (live.empty()) return std::nullopt;
  return live[world.chance().below(live.size())];
}

/// A few clients, each now and then.
void load(World& world) {
  for (int i = 0; i < 3; ++i) {
    const auto front = some_live_node(world);
    if (!front || !world.core(*front).running()) continue;
    const auto slot = static_cast<SlotId>(world.chance().below(world.options().slots));
    if (world.chance().chance(0.3)) {
      world.start_read(*front, slot);
    } else if (world.under_way() < 30) {
      world.start_append(*front, slot);
    }
  }
}

/// Load for `steps` pieces of time of up to 200 ms each.
void run_loaded(World& world, int steps) {
  for (int i = 0; i < steps; ++i) {
    load(world);
    world.run_for(Duration(static_cast<std::int64_t>(world.chance().below(200'000'000))));
  }
}

/// The node that is primary of a random slot, or holds another copy of it.
std::optional<std::size_t> holder(World& world, bool primary) {
  const auto map = world.newest_map();
  if (!map) return std::nullopt;
  const auto& row = map->rows[world.chance().below(map->rows.size())];
  for (const auto& node : row.in_sync) {
    if ((node == row.primary) == primary && world.is_up(world.number_of(node))) return world.number_of(node);
  }
  return std::nullopt;
}

void crash_and_return(World& world, bool primary) {
  for (int round = 0; round < 3; ++round) {
    run_loaded(world, 5);
    const auto node = holder(world, primary);
    if (!node) continue;
    world.crash(*node);
    run_loaded(world, static_cast<int>(world.chance().below(60)));
    world.restart(*node);
  }
}

void lossy(WorldOptions& options) {
  options.network.loss = 0.1;
  options.network.duplicates = 0.1;
  options.network.delay_max = 50ms;
}

void split(World& world) {
  run_loaded(world, 5);
  std::vector<NodeId> one, other;
  const std::size_t alone = world.chance().below(world.size());
  for (std::size_t i = 0; i < world.size(); ++i) (i == alone ? one : other).push_back(world.id(i));
  world.network().partition({one, other});
  run_loaded(world, 60);
  world.network().heal();
  run_loaded(world, 20);
}

void blank(World& world) {
  run_loaded(world, 10);
  world.destroy(world.chance().below(world.size()));
  run_loaded(world, 40);
  world.add_node();
  run_loaded(world, 20);
}

void power_loss(World& world) {
  run_loaded(world, 10);
  for (std::size_t i = 0; i < world.size(); ++i) world.crash(i);
  world.run_for(1s);
  for (std::size_t i = 0; i < world.size(); ++i) {
    world.restart(i);
    world.run_for(Duration(static_cast<std::int64_t>(world.chance().below(5'000'000'000))));
  }
  run_loaded(world, 20);
}

}  // namespace

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all{
      {"messages are lost, delayed, doubled and reordered", [](World& world) { run_loaded(world, 60); }, lossy},
      {"the primary crashes in the middle of appends and returns", [](World& world) { crash_and_return(world, true); }},
      {"another copy crashes and returns", [](World& world) { crash_and_return(world, false); }},
      {"a node is gone for good and a blank one takes its place", blank},
      {"the grid is cut in two and heals", split},
      {"all nodes lose power and return one by one", power_loss},
      {"everything at once", [](World& world) {
         crash_and_return(world, world.chance().chance(0.5));
         split(world);
       }, lossy},
  };
  return all;
}

std::size_t run_scenario(const Scenario& scenario, std::uint64_t seed, const DeliberateFaults& sabotage) {
  WorldOptions options;
  if (scenario.prepare) scenario.prepare(options);
  options.core.replication.sabotage = sabotage;
  const auto faults = options.network;
  options.network = {};
  World world(seed, options);
  for (int i = 0; i < 3; ++i) world.add_node();
  if (!world.run_for(60s, [&] { return world.is_whole() && world.has_its_voters(); })) throw Violation("no grid of three\n" + world.describe());
  world.network().faults = faults;
  scenario.trouble(world);

  world.network().faults = {};
  world.network().heal();
  for (std::size_t i = 0; i < world.size(); ++i) world.restart(i);
  if (!world.run_for(120s, [&] { return world.is_whole() && world.under_way() == 0; })) {
    throw Violation("does not come to rest\n" + world.describe());
  }
  world.check_everything_readable();
  world.run_for(2s);
  if (world.is_whole()) world.check_copies_equal();
  return world.promises().acknowledgements();
}

}  // namespace gridmail::sim
