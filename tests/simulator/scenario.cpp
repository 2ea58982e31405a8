#include "tests/simulator/scenario.hpp"

#include <algorithm>
#include <stdexcept>

#include "tests/simulator/admin.hpp"
#include "tests/simulator/ledger_load.hpp"
#include "tests/simulator/mail_life.hpp"
#include "tests/simulator/mail_load.hpp"
#include "tests/simulator/scenarios/families.hpp"

namespace gridmail::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t events_shown_max = 400;
constexpr Duration rest_within = 180s;
constexpr Duration quiet_for = 5s;

}  // namespace

const std::vector<ScenarioFamily>& families() {
  static const std::vector<ScenarioFamily> all{
      {"crashes", crash_scenarios(), 200},
      {"network", network_scenarios(), 200},
      {"pauses", pause_scenarios(), 200},
      {"growth", growth_scenarios(), 200},
      {"copies", copy_scenarios(), 100},
      {"movement", movement_scenarios(), 40},
      {"load", load_scenarios(), 4},
      {"mail", mail_scenarios(), 200},
      {"rot", rot_scenarios(), 100},
      {"swarm", swarm_scenarios(), 300},
      {"mailswarm", mail_swarm_scenarios(), 300},
  };
  return all;
}

const ScenarioFamily& family(std::string_view name) {
  for (const auto& one : families()) {
    if (one.name == name) return one;
  }
  throw std::logic_error("no family has this name: " + std::string(name));
}

const ScenarioFamily& family_of(std::string_view scenario) {
  for (const auto& one : families()) {
    for (const auto& candidate : one.scenarios) {
      if (candidate.name == scenario) return one;
    }
  }
  throw std::logic_error("no scenario has this name: " + std::string(scenario));
}

const Scenario& scenario(std::string_view name) {
  const auto& all = family_of(name).scenarios;
  return *std::find_if(all.begin(), all.end(), [&](const Scenario& one) { return one.name == name; });
}

namespace {

/// Every slot is back at its copies, and nothing moves any more.
void come_to_rest(World& world, Load& load) {
  const auto end = world.clock().now() + rest_within;
  auto changed = world.clock().now();
  MapVersion version = 0;
  bool tidy = false;
  while (world.clock().now() < end) {
    world.switch_off_removed();  // it may have been leaving when all was healed
    tidy = tidy_members(world);
    const auto map = world.newest_map();
    if (!tidy || !map || map->version != version) {
      version = map ? map->version : 0;
      changed = world.clock().now();
    }
    const bool quiet = world.clock().now() - changed >= quiet_for;
    if (quiet && world.is_whole() && load.under_way() == 0) return world.check_balance();
    load.run_for(1s);
  }
  if (!world.is_whole()) throw Violation("a slot does not get its copies back");
  if (load.under_way() > 0) throw Violation("a client is never answered");
  throw Violation(tidy ? "copies or primaries never stop moving"
                       : "a node that is gone cannot be removed, or a member does not start");
}

Outcome drive(World& world, Load& load, const Scenario& scenario, const test::NetworkFaults& faults) {
  auto nodes = world.options().nodes;
  if (nodes.empty()) nodes.resize(scenario.nodes);
  for (auto& node : nodes) world.add_node(std::move(node));
  if (!load.run_for(60s, [&] { return world.is_whole() && world.has_its_voters(); }))
    throw Violation("the grid does not come up");
  load.begin();
  world.network().faults = faults;
  scenario.trouble(world, load);
  world.heal();
  if (scenario.safety_only) {
    load.run(50);
    return load.outcome();
  }
  come_to_rest(world, load);
  load.settle();
  return load.outcome();
}

/// FNV-1a: seeds mean the same whatever other scenarios there are.
std::uint64_t mixed(std::uint64_t seed, std::string_view name) {
  std::uint64_t hash = 14695981039346656037U ^ seed;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash;
}

/// A load outlives the world it runs on, whose clients refer to it.
struct Loads {
  explicit Loads(std::uint64_t seed) : outside(seed) {}
  Outside outside;
  std::optional<LedgerLoad> ledger;
  std::optional<MailLoad> mail;
  LedgerLoad* ledger_load = nullptr;
};

}  // namespace

Outcome run_scenario(const Scenario& scenario, std::uint64_t seed, const Mutation* broken, History* history) {
  WorldOptions options;
  options.seed = mixed(seed, scenario.name);
  options.history = history;
  if (scenario.prepare) scenario.prepare(options);
  if (broken != nullptr) broken->apply(options);
  const auto faults = options.network;
  options.network = {};  // until the grid is up
  Loads loads(options.seed);
  if (scenario.workload == Workload::mail) {
    options.companion = [&loads](const CompanionParts& parts) {
      return std::make_unique<MailLife>(parts, loads.outside);
    };
  } else {
    options.companion = LedgerLoad::companion(&loads.ledger_load);
  }
  World world(options);
  Load* load = nullptr;
  if (scenario.workload == Workload::mail) {
    load = &loads.mail.emplace(world, scenario.users, loads.outside);
  } else {
    load = loads.ledger_load = &loads.ledger.emplace(world);
  }
  try {
    return drive(world, *load, scenario, faults);
  } catch (const Violation& violation) {
    if (history == nullptr) throw;
    const auto about = violation.about();
    throw Violation(std::string(violation.what()) + "\n" + world.describe() +
                        "what happened before, in seconds of virtual time:\n" +
                        history->about(about, events_shown_max),
                    about);
  }
}

std::string explain(const Scenario& scenario, std::uint64_t seed, const Mutation* broken) {
  History history;
  try {
    run_scenario(scenario, seed, broken, &history);
  } catch (const Violation& violation) {
    return violation.what();
  }
  return "does not replay: it passed when it was run again";
}

}  // namespace gridmail::sim
