// Scenarios: each drives a world through one kind of trouble under load, heals it, and checks every promise.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulator/world.hpp"

namespace gridmail::sim {

struct Scenario {
  std::string name;
  std::function<void(World&)> trouble;
  /// Adjusts the world before it is made.
  std::function<void(WorldOptions&)> prepare = {};
  std::size_t nodes = 3;  ///< at the beginning
};

[[nodiscard]] const std::vector<Scenario>& scenarios();
/// The one with this name; it must exist.
[[nodiscard]] const Scenario& scenario(std::string_view name);
/// Rules of the protocol that can be broken, by the names of DeliberateFaults. Nothing for any other name.
[[nodiscard]] std::optional<DeliberateFaults> fault(std::string_view name);
/// What a run came to: the same for the same scenario, seed and program.
struct Outcome {
  std::size_t acknowledged = 0;  ///< appends
  std::size_t read = 0;          ///< reads that were answered
  std::uint64_t messages = 0;    ///< between nodes
  bool operator==(const Outcome&) const = default;
};
/// Runs one scenario under one seed: a grid, load, trouble, healing, checks. Throws Violation.
/// `sabotage` breaks a rule of the protocol on purpose.
Outcome run_scenario(const Scenario& scenario, std::uint64_t seed, const DeliberateFaults& sabotage = {});

}  // namespace gridmail::sim
