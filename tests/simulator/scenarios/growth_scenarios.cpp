#include "tests/simulator/ledger_load.hpp"
#include "tests/simulator/scenarios/families.hpp"

namespace gridmail::sim {
namespace {

using namespace std::chrono_literals;

void grow(World& world, Load& load) {
  for (int more = 0; more < 2; ++more) {
    load.run(10);
    const auto before = load.outcome().acknowledged;
    world.add_node();
    load.run(40);
    if (load.outcome().acknowledged == before) throw Violation("growing stopped all writes");
  }
}

/// Two nodes, one voter. Without the other node the voter's side takes the lost copies out of the map: reads
/// go on, and writes wait, as copies_min is 2. Without the voter nothing goes on.
void one_of_two(World& world, Load& load) {
  load.run(10);
  const auto map = world.newest_map();
  const std::size_t dead = world.chance().below(2);
  world.crash(dead);
  load.run(100);
  if (!map->voters.contains(world.id(dead))) {
    const auto before = load.outcome().acknowledged;
    load.run(30);
    dynamic_cast<LedgerLoad&>(load).check_everything_readable();
    if (load.outcome().acknowledged != before) throw Violation("one copy was enough");
  }
  world.restart(dead);
  load.run(20);
}

}  // namespace

std::vector<Scenario> growth_scenarios() {
  return {
      {"the grid grows from one node to three", grow, {}, 1},
      {"one of two nodes is away", one_of_two, {}, 2},
  };
}

}  // namespace gridmail::sim
