// One function for each family of scenarios, in a file of its own; scenario.cpp lists them.
#pragma once
#include "tests/simulator/scenario.hpp"

namespace gridmail::sim {

[[nodiscard]] std::vector<Scenario> crash_scenarios();
[[nodiscard]] std::vector<Scenario> network_scenarios();
[[nodiscard]] std::vector<Scenario> pause_scenarios();
[[nodiscard]] std::vector<Scenario> growth_scenarios();
/// What becomes of a slot's copies.
[[nodiscard]] std::vector<Scenario> copy_scenarios();
/// What moves by plan.
[[nodiscard]] std::vector<Scenario> movement_scenarios();
/// Load that is shared among primaries: minutes of the grid's time, hence few seeds.
[[nodiscard]] std::vector<Scenario> load_scenarios();
[[nodiscard]] std::vector<Scenario> mail_scenarios();
/// Schedules drawn from the seed.
[[nodiscard]] std::vector<Scenario> swarm_scenarios();
[[nodiscard]] std::vector<Scenario> mail_swarm_scenarios();
/// Disks that do not give back what was written.
[[nodiscard]] std::vector<Scenario> rot_scenarios();

}  // namespace gridmail::sim
