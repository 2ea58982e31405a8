// gridmail_mail_sim: as gridmail_sim, with real mail. `--replay` runs every seed twice and compares.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "node/base/log.hpp"
#include "tests/simulator/mail_scenarios.hpp"
#include "tests/simulator/scenarios.hpp"

int main(int argc, char** argv) {
  using namespace gridmail;
  CLI::App app{"gridmail's simulator, with mail"};
  std::uint64_t seed = 1;
  std::uint64_t runs = 100;
  int only = -1;
  bool verbose = false;
  bool replay = false;
  std::string broken_rule;
  app.add_option("--seed", seed, "first seed");
  app.add_option("--runs", runs, "how many seeds");
  app.add_option("--scenario", only, "number of the only scenario");
  app.add_option("--break", broken_rule, "a rule of replication to break on purpose, as for gridmail_sim");
  app.add_flag("--replay", replay, "run every seed twice: it must come to the same");
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
  std::size_t accepted = 0;
  for (std::uint64_t s = seed; s < seed + runs; ++s) {
    for (std::size_t k = 0; k < sim::mail_scenarios().size(); ++k) {
      if (only >= 0 && k != static_cast<std::size_t>(only)) continue;
      const auto& scenario = sim::mail_scenarios()[k];
      try {
        const auto outcome = sim::run_mail_scenario(scenario, s, *faults);
        if (replay && sim::run_mail_scenario(scenario, s, *faults) != outcome)
          throw sim::Violation("does not replay");
        accepted += outcome.accepted;
        ++passed;
      } catch (const std::exception& violation) {
        ++failed;
        std::printf("seed %llu scenario %zu (%s): %s\n", static_cast<unsigned long long>(s), k,
                    scenario.name.c_str(), violation.what());
        std::fflush(stdout);
      }
    }
  }
  std::printf("%zu accepted messages\n%zu passed, %zu failed\n", accepted, passed, failed);
  return failed == 0 ? 0 : 1;
}
