// Scenarios: each drives a grid through one kind of trouble under load; then everything is healed and every
// promise checked. One file per family in scenarios/; a new one is a function and a line in its family's
// list.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulator/history.hpp"
#include "tests/simulator/load.hpp"
#include "tests/simulator/mutations.hpp"
#include "tests/simulator/world.hpp"

namespace gridmail::sim {

enum class Workload : std::uint8_t {
  ledger,  ///< numbered entries under GUIDs
  mail,    ///< from SMTP bytes in to IMAP bytes out
};

struct Scenario {
  /// A sentence; the seeds are mixed with it, so that they mean the same whatever other scenarios there are.
  std::string name;
  std::function<void(World&, Load&)> trouble;
  /// Adjusts the world before it is made.
  std::function<void(WorldOptions&)> prepare = {};
  std::size_t nodes = 3;  ///< at the beginning
  Workload workload = Workload::ledger;
  std::size_t users = 4;     ///< of mail
  bool safety_only = false;  ///< what is lost is lost: whatever is answered must be right all the same
};

struct ScenarioFamily {
  std::string name;  ///< one word
  std::vector<Scenario> scenarios;
  /// How many, from 1 on, `./dev test` runs of each; among them a mutation must be found.
  std::uint64_t test_seeds = 0;
};

[[nodiscard]] const std::vector<ScenarioFamily>& families();
[[nodiscard]] const ScenarioFamily& family(std::string_view name);         ///< it must exist
[[nodiscard]] const Scenario& scenario(std::string_view name);             ///< it must exist
[[nodiscard]] const ScenarioFamily& family_of(std::string_view scenario);  ///< it must exist

/// Runs one scenario under one seed. Throws Violation. With a mutation the grid is broken on purpose.
Outcome run_scenario(const Scenario& scenario, std::uint64_t seed, const Mutation* broken = nullptr,
                     History* history = nullptr);
/// Runs a seed that failed once more and tells what led to it: the state of the grid, and the history of the
/// slot or user concerned.
[[nodiscard]] std::string explain(const Scenario& scenario, std::uint64_t seed,
                                  const Mutation* broken = nullptr);

}  // namespace gridmail::sim
