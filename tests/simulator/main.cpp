// gridmail_sim: runs scenarios under seeds. `--seed S --runs N` runs N seeds from S on, each through every
// scenario; a failing seed is printed and the exit code is 1. `--scenario K` keeps to one.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "node/base/log.hpp"
#include "tests/simulator/scenarios.hpp"

int main(int argc, char** argv) {
  using namespace gridmail;
  CLI::App app{"gridmail's simulator"};
  std::uint64_t seed = 1;
  std::uint64_t runs = 100;
  int only = -1;
  bool verbose = false;
  std::string broken_rule;
  app.add_option("--seed", seed, "first seed");
  app.add_option("--runs", runs, "how many seeds");
  app.add_option("--scenario", only, "number of the only scenario");
  app.add_option("--break", broken_rule,
                 "a rule to break on purpose: no_fence, primary_first, no_lease_wait, "
                 "no_read_lease, resume, no_joining_ack, early_whole");
  app.add_flag("--verbose", verbose, "log what the nodes do");
  CLI11_PARSE(app, argc, argv);
  const auto faults = broken_rule.empty() ? std::optional(DeliberateFaults{}) : sim::fault(broken_rule);
  if (!faults) {
    std::fprintf(stderr, "no such rule: %s\n", broken_rule.c_str());
    return 2;
  }
  set_log_level(Level::debug);
  if (!verbose) set_log_sink([](Level, std::string_view) {});
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t acknowledged = 0;
  for (std::uint64_t s = seed; s < seed + runs; ++s) {
    for (std::size_t k = 0; k < sim::scenarios().size(); ++k) {
      if (only >= 0 && k != static_cast<std::size_t>(only)) continue;
      const auto& scenario = sim::scenarios()[k];
      try {
        acknowledged += sim::run_scenario(scenario, s, *faults).acknowledged;
        ++passed;
      } catch (const std::exception& violation) {
        ++failed;
        std::printf("seed %llu scenario %zu (%s): %s\n", static_cast<unsigned long long>(s), k,
                    scenario.name.c_str(), violation.what());
        std::fflush(stdout);
      }
    }
  }
  std::printf("%zu acknowledged appends\n%zu passed, %zu failed\n", acknowledged, passed, failed);
  return failed == 0 ? 0 : 1;
}
