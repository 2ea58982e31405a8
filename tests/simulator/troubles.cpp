#include "tests/simulator/troubles.hpp"

namespace gridmail::sim {

using namespace std::chrono_literals;

std::optional<std::size_t> holder(World& world, bool primary) {
  const auto map = world.newest_map();
  if (!map) return std::nullopt;
  const auto& row = map->rows[world.chance().below(map->rows.size())];
  for (const auto& node : row.in_sync) {
    const std::size_t number = world.number_of(node);
    if ((node == row.primary) == primary && world.is_up(number)) return number;
  }
  return std::nullopt;
}

void isolate(World& world, std::size_t alone) {
  std::vector<NodeId> one, other;
  for (std::size_t i = 0; i < world.size(); ++i) (i == alone ? one : other).push_back(world.id(i));
  world.network().partition({one, other});
  world.note({}, [&] { return "node" + std::to_string(alone) + " is cut off"; });
}

void rot_record(World& world, std::size_t node, Random& random) {
  const auto family = random.chance(0.5) ? Family::meta : Family::body;
  const auto& pairs = world.disk(node).contents(family);
  if (pairs.empty()) return;
  const auto at = std::next(pairs.begin(), static_cast<std::ptrdiff_t>(random.below(pairs.size())));
  world.note({}, [&] { return to_hex(at->first) + " rots on the disk of node" + std::to_string(node); });
  world.disk(node).rot(family, at->first);
}

void crash_and_return(World& world, Load& load, bool primary, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    load.run(5);
    const auto node = holder(world, primary);
    if (!node) continue;
    world.crash(*node);
    load.run(static_cast<int>(world.chance().below(60)));
    world.restart(*node);
  }
}

void split(World& world, Load& load) {
  load.run(5);
  isolate(world, world.chance().below(world.size()));
  load.run(60);
  world.network().heal();
  load.run(20);
}

void blank(World& world, Load& load) {
  load.run(10);
  const std::size_t node = world.chance().below(world.size());
  if (!load.run_for(60s, [&] { return world.may_destroy(node); })) throw Violation("no second copies");
  world.destroy(node);
  load.run(40);
  world.add_node();
  load.run(20);
}

void power_loss(World& world, Load& load) {
  load.run(10);
  for (std::size_t i = 0; i < world.size(); ++i) world.crash(i);
  load.run_for(1s);
  for (std::size_t i = 0; i < world.size(); ++i) {
    world.restart(i);
    load.run_for(Duration(static_cast<std::int64_t>(world.chance().below(5'000'000'000))));
  }
  load.run(20);
}

void lossy(WorldOptions& options) {
  options.network.loss = 0.1;
  options.network.duplicates = 0.1;
  options.network.delay_max = 50ms;
}

void late(WorldOptions& options) {
  options.network.loss = 0.02;
  options.network.duplicates = 0.3;
  options.network.delay_max = 500ms;
}

}  // namespace gridmail::sim
