// Scenarios: each drives a world through one kind of trouble under load, heals it, and checks every promise.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/simulator/world.hpp"

namespace gridmail::sim {

struct Scenario {
  std::string name;
  std::function<void(World&)> trouble;
  /// Adjusts the world before it is made.
  std::function<void(WorldOptions&)> prepare = {};
};

[[nodiscard]] const std::vector<Scenario>& scenarios();
/// Runs one scenario under one seed: a grid of three, load, trouble, healing, checks. Throws Violation.
/// `sabotage` breaks a rule of the protocol on purpose. Returns how many appends were acknowledged.
std::size_t run_scenario(const Scenario& scenario, std::uint64_t seed, const DeliberateFaults& sabotage = {});

}  // namespace gridmail::sim
