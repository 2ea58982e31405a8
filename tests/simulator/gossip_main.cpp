// gridmail_gossip_sim: the figures of gossip on virtual time, and of placement, each with its target; exit 1
// when one is missed.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "node/base/log.hpp"
#include "tests/simulator/gossip_figures.hpp"
#include "tests/simulator/rebuild_figures.hpp"

namespace {

using namespace gridmail;
using namespace std::chrono_literals;

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

bool deaths(std::uint64_t seed, std::size_t members, std::size_t runs) {
  std::vector<double> times;
  for (std::size_t i = 0; i < runs; ++i)
    times.push_back(seconds(sim::time_to_agree_on_a_death(seed + i, members)));
  std::sort(times.begin(), times.end());
  const bool met = times.back() <= 5;
  std::printf(
      "%zu nodes: a death is agreed by all after %.2f s (median), %.2f s (99 %%), %.2f s (longest of %zu);"
      " target 5 s: %s\n",
      members, times[runs / 2], times[runs * 99 / 100], times.back(), runs, met ? "met" : "missed");
  std::fflush(stdout);
  return met;
}

constexpr std::size_t small_grid = 30;

bool traffic(std::uint64_t seed, std::size_t members) {
  const auto small = sim::idle_traffic(seed, small_grid);
  const auto large = sim::idle_traffic(seed, members);
  const double growth = std::max(large.bytes / small.bytes, large.messages / small.messages) - 1;
  const bool met = growth <= 0.1;
  std::printf(
      "gossip of an idle node: %.0f B/s in %.1f messages/s among %zu nodes, %.0f B/s in %.1f messages/s among"
      " %zu: %+.1f %%; target +10 %%: %s\n",
      small.bytes, small.messages, small_grid, large.bytes, large.messages, members, growth * 100,
      met ? "met" : "missed");
  std::fflush(stdout);
  return met;
}

bool false_deaths(std::uint64_t seed, std::size_t members, double hours) {
  const auto duration = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(hours * 3600));
  const auto alarms = sim::false_alarms(seed, members, duration);
  const bool met = alarms.deaths == 0;
  std::printf(
      "%g hours of %zu nodes, 5 %% loss, %zu pauses under 2 s: %zu suspicions, %zu false deaths;"
      " target none: %s\n",
      hours, members, alarms.pauses, alarms.suspicions, alarms.deaths, met ? "met" : "missed");
  std::fflush(stdout);
  return met;
}

constexpr double share_max = 1.5;  // of the even one

bool rebuilds(std::size_t members, std::uint32_t slots) {
  const auto shares = sim::rebuild_shares(members, slots);
  const auto ratio = [&shares](std::size_t copies, double even) {
    return static_cast<double>(copies) / even;
  };
  const double both = ratio(shares.both_max, 2 * shares.even);
  const bool met = both <= share_max;
  std::printf(
      "%zu nodes, %u slots, each dying in turn: of its copies each other node receives %zu at most and sends"
      " %zu at most, even %.2f; both together %.2f times the even share; target %.1f: %s\n",
      members, slots, shares.received_max, shares.sent_max, shares.even, both, share_max,
      met ? "met" : "missed");
  std::fflush(stdout);
  return met;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"gossip's figures on virtual time"};
  std::uint64_t seed = 1;
  std::size_t large = 100, restless = 30, runs = 100;
  std::uint32_t slots = 4096;
  double hours = 24;
  app.add_option("--seed", seed, "first seed");
  app.add_option("--nodes", large, "of the large grid");
  app.add_option("--slots", slots, "of the large grid, when one of its nodes dies");
  app.add_option("--runs", runs, "deaths to time")->check(CLI::PositiveNumber);
  app.add_option("--restless-nodes", restless, "of the grid in which nobody dies");
  app.add_option("--hours", hours, "of that grid's life");
  CLI11_PARSE(app, argc, argv);
  set_log_sink([](Level, std::string_view) {});
  bool met = rebuilds(large, slots);
  met &= traffic(seed, large);
  met &= deaths(seed, large, runs);
  met &= false_deaths(seed, restless, hours);
  return met ? 0 : 1;
}
