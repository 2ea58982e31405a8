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

void isolate(World& world, std::size_t alone) {
  std::vector<NodeId> one, other;
  for (std::size_t i = 0; i < world.size(); ++i) (i == alone ? one : other).push_back(world.id(i));
  world.network().partition({one, other});
}

/// Late messages of one epoch arrive in the next.
void late(WorldOptions& options) {
  options.network.loss = 0.02;
  options.network.duplicates = 0.3;
  options.network.delay_max = 500ms;
}

void split(World& world) {
  run_loaded(world, 5);
  isolate(world, world.chance().below(world.size()));
  run_loaded(world, 60);
  world.network().heal();
  run_loaded(world, 20);
}

/// Links fail one by one, in one direction or in both: A hears B, B hears C, A and C hear nothing of each
/// other.
void cut_links(World& world) {
  for (int round = 0; round < 3; ++round) {
    run_loaded(world, 5);
    for (std::uint64_t cuts = 1 + world.chance().below(2); cuts > 0; --cuts) {
      const auto from = world.id(world.chance().below(world.size()));
      const auto to = world.id(world.chance().below(world.size()));
      if (from == to) continue;
      world.network().block(from, to);
      if (world.chance().chance(0.5)) world.network().block(to, from);
    }
    run_loaded(world, static_cast<int>(world.chance().below(60)));
    world.network().heal();
  }
}

/// A node hears nothing, and is heard by one other only: who takes over from it needs that one, too.
void go_deaf(World& world) {
  for (int round = 0; round < 2; ++round) {
    run_loaded(world, 5);
    const std::size_t deaf = world.chance().below(world.size());
    const std::size_t hears_it = (deaf + 1 + world.chance().below(world.size() - 1)) % world.size();
    for (std::size_t i = 0; i < world.size(); ++i) {
      if (i == deaf) continue;
      world.network().block(world.id(i), world.id(deaf));
      if (i != hears_it) world.network().block(world.id(deaf), world.id(i));
    }
    for (SlotId slot = 0; slot < world.options().slots; ++slot) world.start_append(deaf, slot);
    world.run_for(5s + 1ms * static_cast<int>(world.chance().below(2000)));  // the others take over
    run_loaded(world, 30);
    world.network().heal();
  }
}

/// One node stops for about as long as a lease lasts; when it goes on, another is cut off.
void stop_and_go_on(World& world) {
  for (int round = 0; round < 3; ++round) {
    run_loaded(world, 5);
    const auto node = holder(world, world.chance().chance(0.3));
    if (!node) continue;
    const bool brief = world.chance().chance(0.6);
    const auto pause =
        1ms * static_cast<int>(brief ? 2000 + world.chance().below(1500) : world.chance().below(6000));
    world.pause(*node, true);
    const auto until = world.clock().now() + pause;
    while (world.clock().now() < until) {
      load(world);
      world.run_for(std::min<Duration>(100ms, until - world.clock().now()));
    }
    world.pause(*node, false);
    if (world.chance().chance(0.3)) continue;
    world.run_for(1ms * static_cast<int>(world.chance().below(100)));
    isolate(world, world.chance().below(world.size()));
    run_loaded(world, 40);
    world.network().heal();
  }
}

/// A copy that was stopped believes its primary dead, asks to take over and only then answers what waited:
/// the old primary holds fresh leases of it when it is cut off.
void wake_and_take_over(World& world) {
  for (int round = 0; round < 3; ++round) {
    run_loaded(world, 5);
    const auto slot = static_cast<SlotId>(world.chance().below(world.options().slots));
    const auto row = world.newest_map()->rows[slot];
    if (row.in_sync.size() < 2) continue;
    const std::size_t primary = world.number_of(*row.primary);
    const std::size_t other = world.number_of(*row.others().begin());
    world.pause(other, true);
    const auto until = world.clock().now() + 2150ms + 1ms * static_cast<int>(world.chance().below(400));
    while (world.clock().now() < until) {
      load(world);
      world.run_for(std::min<Duration>(100ms, until - world.clock().now()));
    }
    world.pause(other, false);
    world.run_for(1ms * static_cast<int>(5 + world.chance().below(60)));
    isolate(world, primary);
    for (int step = 0; step < 20; ++step) {
      load(world);
      world.start_append(other, slot);
      world.run_for(50ms);
      world.start_read(primary, slot);
      world.run_for(50ms);
    }
    world.network().heal();
  }
}

void slow_disk(World& world) {
  for (int round = 0; round < 3; ++round) {
    run_loaded(world, 5);
    const std::size_t node = world.chance().below(world.size());
    world.disk(node).stall(true);
    run_loaded(world, static_cast<int>(world.chance().below(60)));
    world.disk(node).stall(false);
  }
}

void grow(World& world) {
  for (int more = 0; more < 2; ++more) {
    run_loaded(world, 10);
    const auto before = world.promises().acknowledgements();
    world.add_node();
    run_loaded(world, 40);
    if (world.promises().acknowledgements() == before) throw Violation("growing stopped all writes");
  }
}

/// Two nodes, one voter. Without the other node the voter's side takes the lost copies out of the map: reads
/// go on, and writes wait, as copies_min is 2. Without the voter nothing goes on.
void one_of_two(World& world) {
  run_loaded(world, 10);
  const auto map = world.newest_map();
  const std::size_t dead = world.chance().below(2);
  world.crash(dead);
  run_loaded(world, 100);
  if (!map->voters.contains(world.id(dead))) {
    const auto before = world.promises().acknowledgements();
    run_loaded(world, 30);
    world.check_everything_readable();
    if (world.promises().acknowledgements() != before) throw Violation("one copy was enough");
  }
  world.restart(dead);
  run_loaded(world, 20);
}

void blank(World& world) {
  run_loaded(world, 10);
  const std::size_t node = world.chance().below(world.size());
  if (!world.run_for(60s, [&] { return world.may_destroy(node); })) throw Violation("no second copies");
  world.destroy(node);
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
      {"messages are lost, delayed, doubled and reordered", [](World& world) { run_loaded(world, 60); },
       lossy},
      {"the primary crashes in the middle of appends and returns",
       [](World& world) { crash_and_return(world, true); }},
      {"another copy crashes and returns", [](World& world) { crash_and_return(world, false); }},
      {"a node is gone for good and a blank one takes its place", blank},
      {"the grid is cut in two and heals", split},
      {"all nodes lose power and return one by one", power_loss},
      {"everything at once",
       [](World& world) {
         crash_and_return(world, world.chance().chance(0.5));
         split(world);
       },
       lossy},
      {"links fail one by one", cut_links},
      {"a node stops for about as long as a lease and goes on", stop_and_go_on},
      {"a copy that was stopped takes over from a primary that lives", wake_and_take_over},
      {"messages are half a second late while nodes crash",
       [](World& world) { crash_and_return(world, world.chance().chance(0.5)); }, late},
      {"of three copies one hears nothing, but is heard", go_deaf,
       [](WorldOptions& options) { options.grid.copies = 3; }},
      {"a disk hangs for a while", slow_disk},
      {"the grid grows from one node to three", grow, {}, 1},
      {"one of two nodes is away", one_of_two, {}, 2},
  };
  return all;
}

const Scenario& scenario(std::string_view name) {
  for (const auto& one : scenarios()) {
    if (one.name == name) return one;
  }
  throw std::logic_error("no scenario has this name: " + std::string(name));
}

std::optional<DeliberateFaults> fault(std::string_view name) {
  static const std::map<std::string_view, bool DeliberateFaults::*> flags{
      {"no_fence", &DeliberateFaults::no_fence},
      {"primary_first", &DeliberateFaults::primary_first},
      {"no_lease_wait", &DeliberateFaults::no_lease_wait},
      {"no_read_lease", &DeliberateFaults::no_read_lease},
      {"resume", &DeliberateFaults::resume},
      {"no_joining_ack", &DeliberateFaults::no_joining_ack},
      {"early_whole", &DeliberateFaults::early_whole},
  };
  const auto found = flags.find(name);
  if (found == flags.end()) return std::nullopt;
  DeliberateFaults faults;
  faults.*found->second = true;
  return faults;
}

namespace {

Outcome drive(World& world, const Scenario& scenario, const test::NetworkFaults& faults) {
  for (std::size_t i = 0; i < scenario.nodes; ++i) world.add_node();
  if (!world.run_for(60s, [&] { return world.is_whole() && world.has_its_voters(); })) {
    throw Violation("the grid does not come up");
  }
  world.network().faults = faults;
  scenario.trouble(world);

  world.network().faults = {};
  world.network().heal();
  for (std::size_t i = 0; i < world.size(); ++i) {
    world.pause(i, false);
    world.disk(i).stall(false);
    world.restart(i);
  }
  if (!world.run_for(120s, [&] { return world.is_whole() && world.under_way() == 0; })) {
    throw Violation("does not come to rest");
  }
  world.check_everything_readable();
  world.run_for(2s);
  if (world.is_whole()) world.check_copies_equal();
  return {world.promises().acknowledgements(), world.promises().reads(), world.network().messages()};
}

/// FNV-1a: seeds mean the same whatever other scenarios there are.
std::uint64_t mixed(std::uint64_t seed, std::string_view name) {
  std::uint64_t hash = 14695981039346656037U ^ seed;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash;
}

}  // namespace

Outcome run_scenario(const Scenario& scenario, std::uint64_t seed, const DeliberateFaults& sabotage) {
  WorldOptions options;
  if (scenario.prepare) scenario.prepare(options);
  options.core.replication.sabotage = sabotage;
  const auto faults = options.network;
  options.network = {};  // until the grid is up
  World world(mixed(seed, scenario.name), options);
  try {
    return drive(world, scenario, faults);
  } catch (const Violation& violation) {
    throw Violation(std::string(violation.what()) + "\n" + world.describe());
  }
}

}  // namespace gridmail::sim
