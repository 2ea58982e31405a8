#include "tests/simulator/ledger_load.hpp"
#include "tests/simulator/scenarios/families.hpp"
#include "tests/simulator/troubles.hpp"

namespace gridmail::sim {
namespace {

using namespace std::chrono_literals;

/// Links fail one by one, in one direction or in both: A hears B, B hears C, A and C hear nothing of each
/// other.
void cut_links(World& world, Load& load) {
  for (int round = 0; round < 3; ++round) {
    load.run(5);
    for (std::uint64_t cuts = 1 + world.chance().below(2); cuts > 0; --cuts) {
      const auto from = world.id(world.chance().below(world.size()));
      const auto to = world.id(world.chance().below(world.size()));
      if (from == to) continue;
      world.network().block(from, to);
      if (world.chance().chance(0.5)) world.network().block(to, from);
    }
    load.run(static_cast<int>(world.chance().below(60)));
    world.network().heal();
  }
}

/// A node hears nothing, and is heard by one other only: who takes over from it needs that one, too.
void go_deaf(World& world, Load& load) {
  auto& ledger = dynamic_cast<LedgerLoad&>(load);
  for (int round = 0; round < 2; ++round) {
    load.run(5);
    const std::size_t deaf = world.chance().below(world.size());
    const std::size_t hears_it = (deaf + 1 + world.chance().below(world.size() - 1)) % world.size();
    for (std::size_t i = 0; i < world.size(); ++i) {
      if (i == deaf) continue;
      world.network().block(world.id(i), world.id(deaf));
      if (i != hears_it) world.network().block(world.id(deaf), world.id(i));
    }
    for (SlotId slot = 0; slot < world.options().slots; ++slot) ledger.start_append(deaf, slot);
    load.run_for(5s + 1ms * static_cast<int>(world.chance().below(2000)));  // the others take over
    load.run(30);
    world.network().heal();
  }
}

/// Any node asks for other voters, at any time, and the grid falls in two before all have heard of it.
void replace_voters(World& world, Load& load) {
  for (int round = 0; round < 5; ++round) {
    load.run(5);
    const auto map = world.newest_map();
    MapChange change;
    change.voters.emplace();
    while (change.voters->voters.size() < 3)
      change.voters->voters.insert(world.id(world.chance().below(world.size())));
    world.core(world.chance().below(world.size()))
        .map_register()
        .propose(std::move(change), [](const Result<MapPtr>&) {});
    load.run_for(1ms * static_cast<int>(world.chance().below(400)));
    std::vector<std::vector<NodeId>> sides(2);
    for (std::size_t node = 0; node < world.size(); ++node)
      sides[world.chance().below(2)].push_back(world.id(node));
    world.network().partition(sides);
    load.run(static_cast<int>(world.chance().below(80)));
    world.network().heal();
  }
}

void seven_far_apart(WorldOptions& options) {
  options.nodes.resize(7);
  options.network.delay_max = 60ms;
}

}  // namespace

std::vector<Scenario> network_scenarios() {
  return {
      {"messages are lost, delayed, doubled and reordered", [](World&, Load& load) { load.run(60); }, lossy},
      {"the grid is cut in two and heals", split},
      {"links fail one by one", cut_links},
      {"voters are replaced while the grid is cut in two", replace_voters, seven_far_apart},
      {"of three copies one hears nothing, but is heard", go_deaf,
       [](WorldOptions& options) { options.grid.copies = 3; }},
  };
}

}  // namespace gridmail::sim
