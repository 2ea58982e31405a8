// Runs one scenario over many seeds: 200, or what GRIDMAIL_SIM_SEEDS says.
#pragma once
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "node/base/log.hpp"
#include "tests/simulator/scenarios.hpp"

namespace gridmail::sim {

inline std::uint64_t seeds() {
  const char* wanted = std::getenv("GRIDMAIL_SIM_SEEDS");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 200;
}

/// Every promise holds under every seed. A failing one replays with `gridmail_sim --seed S`.
inline void holds_over_seeds(const std::string& name) {
  set_log_sink([](Level, std::string_view) {});
  std::size_t acknowledged = 0;
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    CAPTURE(seed);
    try {
      acknowledged += run_scenario(scenario(name), seed).acknowledged;
    } catch (const Violation& violation) {
      FAIL_CHECK("seed " << seed << ": " << violation.what());
    }
  }
  CHECK(acknowledged > 0);
}

}  // namespace gridmail::sim
