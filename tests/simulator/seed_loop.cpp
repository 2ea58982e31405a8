#include "tests/simulator/seed_loop.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>

namespace gridmail::sim {
namespace {

/// In one piece, so that the lines of several processes do not mix.
void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

void SeedLoop::run_one(const Scenario& scenario, std::uint64_t at, Tally& tally) const {
  try {
    const auto outcome = run_scenario(scenario, at, broken);
    if (replay && run_scenario(scenario, at, broken) != outcome) throw Violation("does not replay");
    tally.acknowledged += outcome.acknowledged;
    ++tally.passed;
  } catch (const std::exception& violation) {
    ++tally.failed;
    print(fmt::format("seed {} of \"{}\": {}\n{}\n", at, scenario.name, violation.what(),
                      explain(scenario, at, broken)));
  }
}

SeedLoop::Tally SeedLoop::run_share(std::size_t job) const {
  Tally tally;
  for (std::uint64_t at = seed; at < seed + runs; ++at) {
    if (at % jobs != job) continue;
    for (const auto* scenario : scenarios) run_one(*scenario, at, tally);
  }
  return tally;
}

SeedLoop::Tally SeedLoop::run() const {
  if (jobs == 1) return run_share(0);
  std::fflush(stdout);
  std::vector<std::pair<pid_t, int>> children;
  for (std::size_t job = 0; job < jobs; ++job) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("no pipe");
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("no process");
    if (child == 0) {
      const Tally tally = run_share(job);
      const bool told = write(ends[1], &tally, sizeof tally) == sizeof tally;
      _exit(told ? 0 : 1);
    }
    close(ends[1]);
    children.emplace_back(child, ends[0]);
  }
  Tally sum;
  for (const auto& [child, end] : children) {
    Tally tally;
    if (read(end, &tally, sizeof tally) != sizeof tally) {
      tally = {};
      ++tally.failed;  // it died, which is a failure of one of its seeds
      print("a process of the simulator died\n");
    }
    close(end);
    waitpid(child, nullptr, 0);
    sum.passed += tally.passed;
    sum.failed += tally.failed;
    sum.acknowledged += tally.acknowledged;
  }
  return sum;
}

}  // namespace gridmail::sim
