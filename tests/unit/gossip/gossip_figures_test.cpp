// Small cases of what `./dev bench gossip` measures in full.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/simulator/gossip_figures.hpp"
#include "tests/simulator/rebuild_figures.hpp"
#include "tests/unit/gossip/support/quiet_log.hpp"

namespace gridmail {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a death among 100 nodes is agreed within five seconds") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    CHECK(sim::time_to_agree_on_a_death(seed, 100) <= 5s);
  }
}

TEST_CASE("what an idle node sends does not grow with the grid") {
  const auto small = sim::idle_traffic(1, 10);
  const auto large = sim::idle_traffic(1, 60);
  CHECK(large.bytes < small.bytes * 1.1);
  CHECK(large.messages < small.messages * 1.1);
}

TEST_CASE("ten minutes of 30 nodes with losses and pauses kill nobody") {
  const auto alarms = sim::false_alarms(1, 30, 10min);
  CHECK(alarms.pauses > 100);
  CHECK(alarms.suspicions > 0);  // they are hard enough
  CHECK(alarms.deaths == 0);
}

TEST_CASE("all others share alike in making a dead node's copies anew") {
  const auto shares = sim::rebuild_shares(20, 400);
  CHECK(shares.received_max <= static_cast<std::size_t>(std::ceil(shares.even)));
  CHECK(static_cast<double>(shares.both_max) <= 2 * shares.even * 1.5);
}

TEST_CASE("pauses longer than promised are noticed, so the harness can tell") {
  sim::Restlessness trouble;
  trouble.pause_max = 20s;
  CHECK(sim::false_alarms(1, 10, 5min, trouble).deaths > 0);
}

}  // namespace
}  // namespace gridmail
