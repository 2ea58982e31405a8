// The loop over seeds of the simulator's program: scenarios times seeds, spread over processes.
#pragma once
#include <cstdint>
#include <vector>

#include "tests/simulator/scenario.hpp"

namespace gridmail::sim {

struct SeedLoop {
  std::vector<const Scenario*> scenarios;
  std::uint64_t seed = 1;
  std::uint64_t runs = 1;
  std::size_t jobs = 1;  ///< processes
  bool replay = false;   ///< every run twice: it must come to the same
  const Mutation* broken = nullptr;

  struct Tally {
    std::uint64_t passed = 0;
    std::uint64_t failed = 0;
    std::uint64_t acknowledged = 0;
  };
  /// Prints what led to each failure. To be called before the process has threads.
  [[nodiscard]] Tally run() const;

 private:
  [[nodiscard]] Tally run_share(std::size_t job) const;
  void run_one(const Scenario& scenario, std::uint64_t seed, Tally& tally) const;
};

}  // namespace gridmail::sim
