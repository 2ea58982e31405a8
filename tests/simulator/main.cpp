// gridmail_sim: runs scenarios under seeds. `--seed S --runs N` runs N seeds from S on, each through every
// scenario; a failing seed is printed with what led to it, and the exit code is 1.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "node/base/log.hpp"
#include "tests/simulator/seed_loop.hpp"

namespace {

using namespace gridmail;

std::vector<const sim::Scenario*> chosen(const std::string& family, const std::string& name) {
  std::vector<const sim::Scenario*> all;
  for (const auto& one : sim::families()) {
    if (!family.empty() && one.name != family) continue;
    for (const auto& scenario : one.scenarios) {
      if (scenario.name == name) return {&scenario};
      if (scenario.name.find(name) != std::string::npos) all.push_back(&scenario);
    }
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"gridmail's simulator"};
  sim::SeedLoop loop;
  std::string family;
  std::string name;
  std::string broken;
  bool list = false;
  bool list_families = false;
  loop.runs = 100;
  app.add_option("--seed", loop.seed, "first seed");
  app.add_option("--runs", loop.runs, "how many seeds");
  app.add_option("--family", family, "only the scenarios of this family");
  app.add_option("--scenario", name, "only scenarios with this in their name");
  app.add_option("--jobs", loop.jobs, "how many processes share the seeds")->check(CLI::Range(1, 256));
  app.add_option("--break", broken, "break something on purpose; README.md lists what");
  app.add_flag("--replay", loop.replay, "run every seed twice: it must come to the same");
  app.add_flag("--list", list, "only name the scenarios");
  app.add_flag("--list-families", list_families,
               "only name the families, each with the seeds that tests run");
  CLI11_PARSE(app, argc, argv);
  if (list_families) {
    for (const auto& one : sim::families())
      std::printf("%s %llu\n", one.name.c_str(), static_cast<unsigned long long>(one.test_seeds));
    return 0;
  }
  loop.scenarios = chosen(family, name);
  if (list) {
    for (const auto* scenario : loop.scenarios) std::printf("%s\n", scenario->name.c_str());
    return 0;
  }
  loop.broken = sim::mutation(broken);
  if (loop.scenarios.empty() || (loop.broken == nullptr && !broken.empty())) {
    std::fprintf(stderr, "no such %s\n", loop.scenarios.empty() ? "scenario" : "mutation");
    return 2;
  }
  set_log_level(Level::error);
  set_log_sink([](Level, std::string_view) {});
  const auto tally = loop.run();
  std::printf("%llu acknowledged\n%llu passed, %llu failed\n",
              static_cast<unsigned long long>(tally.acknowledged),
              static_cast<unsigned long long>(tally.passed), static_cast<unsigned long long>(tally.failed));
  return tally.failed == 0 ? 0 : 1;
}
