#include "tests/simulator/mail_scenarios.hpp"

#include "tests/simulator/mail_life.hpp"

namespace gridmail::sim {
namespace {

using namespace std::chrono_literals;

void lossy(WorldOptions& options) {
  options.network.loss = 0.1;
  options.network.duplicates = 0.1;
  options.network.delay_max = 50ms;
}

/// A live node that is primary of a random slot, or holds another copy of it.
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

void crash_and_return(World& world, MailLoad& load, bool primary) {
  for (int round = 0; round < 2; ++round) {
    load.run(10);
    const auto node = holder(world, primary);
    if (!node) continue;
    world.crash(*node);
    load.run(static_cast<int>(world.chance().below(60)));
    world.restart(*node);
    load.run(10);
  }
}

void split(World& world, MailLoad& load) {
  load.run(10);
  const std::size_t alone = world.chance().below(world.size());
  std::vector<NodeId> one, other;
  for (std::size_t i = 0; i < world.size(); ++i) (i == alone ? one : other).push_back(world.id(i));
  world.network().partition({one, other});
  load.run(60);
  world.network().heal();
  load.run(20);
}

void blank(World& world, MailLoad& load) {
  load.run(15);
  const std::size_t node = world.chance().below(world.size());
  if (!load.run_for(60s, [&] { return world.may_destroy(node); })) throw Violation("no second copies");
  world.destroy(node);
  load.run(40);
  world.add_node();
  load.run(20);
}

void power_loss(World& world, MailLoad& load) {
  load.run(20);
  for (std::size_t i = 0; i < world.size(); ++i) world.crash(i);
  load.run_for(1s);
  for (std::size_t i = 0; i < world.size(); ++i) {
    world.restart(i);
    load.run_for(Duration(static_cast<std::int64_t>(world.chance().below(5'000'000'000))));
  }
  load.run(20);
}

/// Over 64 recipients: one queue entry, whose slot's primary goes while it hands out.
void to_many(World& world, MailLoad& load) {
  for (int round = 0; round < 2; ++round) {
    load.send_to_all();
    load.run_for(1ms * static_cast<int>(world.chance().below(150)));
    const auto node = holder(world, world.chance().chance(0.7));
    if (!node) continue;
    world.crash(*node);
    load.run(static_cast<int>(world.chance().below(20)));
    load.send_to_all();
    load.run(static_cast<int>(world.chance().below(20)));
    world.restart(*node);
    load.run(5);
  }
}

MailOutcome drive(World& world, MailLoad& load, const MailScenario& scenario,
                  const test::NetworkFaults& faults) {
  for (int i = 0; i < 3; ++i) world.add_node();
  if (!world.run_for(60s, [&] { return world.is_whole() && world.has_its_voters(); })) {
    throw Violation("the grid does not come up");
  }
  load.add_users();
  load.start_watching();
  world.network().faults = faults;
  scenario.trouble(world, load);

  world.network().faults = {};
  world.network().heal();
  for (std::size_t i = 0; i < world.size(); ++i) world.restart(i);
  load.settle();
  load.run_for(2s);
  if (world.is_whole()) world.check_copies_equal();
  return {load.record().accepted_count(), load.record().shown_count(), world.network().messages()};
}

/// FNV-1a: seeds mean the same whatever other scenarios there are.
std::uint64_t mixed(std::uint64_t seed, std::string_view name) {
  std::uint64_t hash = 14695981039346656037U ^ seed;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash;
}

}  // namespace

const std::vector<MailScenario>& mail_scenarios() {
  static const std::vector<MailScenario> all{
      {"mail while messages are lost, delayed, doubled and reordered",
       [](World&, MailLoad& load) { load.run(60); }, lossy},
      {"the primary crashes in the middle of deliveries and returns",
       [](World& world, MailLoad& load) { crash_and_return(world, load, true); }},
      {"the backup crashes in the middle of deliveries and returns",
       [](World& world, MailLoad& load) { crash_and_return(world, load, false); }},
      {"a node with mail is gone for good and a blank one takes its place", blank},
      {"mail while the grid is cut in two and heals", split},
      {"all nodes lose power under mail and return one by one", power_loss},
      {"mail to more than 64 recipients while nodes crash", to_many, {}, 66},
      {"mail under everything at once",
       [](World& world, MailLoad& load) {
         crash_and_return(world, load, world.chance().chance(0.5));
         split(world, load);
       },
       lossy},
  };
  return all;
}

MailOutcome run_mail_scenario(const MailScenario& scenario, std::uint64_t seed,
                              const DeliberateFaults& sabotage) {
  WorldOptions options;
  if (scenario.prepare) scenario.prepare(options);
  options.companion = [](const CompanionParts& parts) { return std::make_unique<MailLife>(parts); };
  options.core.replication.sabotage = sabotage;
  const auto faults = options.network;
  options.network = {};          // until the grid is up
  std::optional<MailLoad> load;  // outlives the world, whose clients refer to it
  World world(mixed(seed, scenario.name), options);
  load.emplace(world, scenario.users);
  try {
    return drive(world, *load, scenario, faults);
  } catch (const Violation& violation) {
    throw Violation(std::string(violation.what()) + "\n" + world.describe());
  }
}

}  // namespace gridmail::sim
