#include "tests/simulator/gossip_figures.hpp"

#include <cmath>
#include <queue>

namespace gridmail::sim {
namespace {

using namespace std::chrono_literals;

constexpr auto settling = 60s;

Duration drawn_below(Random& random, Duration limit) {
  return Duration(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(limit.count()))));
}

/// The next of independent events of which there is one in `mean`, on average.
Duration drawn_with_mean(Random& random, Duration mean) {
  return std::chrono::duration_cast<Duration>(mean * -std::log(1 - random.unit()));
}

}  // namespace

Duration time_to_agree_on_a_death(std::uint64_t seed, std::size_t members) {
  GossipGrid grid(seed, members);
  grid.run_for(20s + drawn_below(grid.random, 5s));
  const auto victim = static_cast<std::size_t>(grid.random.below(members));
  grid.crash(victim);
  const auto begin = grid.clock.now();
  auto looked_at = begin;
  const bool agreed = grid.run_for(60s, [&] {
    if (grid.clock.now() - looked_at < 10ms) return false;
    looked_at = grid.clock.now();
    return grid.all_see_dead(victim);
  });
  return agreed ? grid.clock.now() - begin : Duration::max();
}

GossipRate idle_traffic(std::uint64_t seed, std::size_t members) {
  GossipGrid grid(seed, members);
  grid.run_for(settling);
  const auto before = grid.traffic();
  constexpr auto measured = 120s;
  grid.run_for(measured);
  const double shares = static_cast<double>(members) * static_cast<double>(measured / 1s);
  return {static_cast<double>(grid.traffic().messages - before.messages) / shares,
          static_cast<double>(grid.traffic().bytes - before.bytes) / shares};
}

FalseAlarms false_alarms(std::uint64_t seed, std::size_t members, Duration duration, Restlessness trouble) {
  GossipGrid grid(seed, members);
  grid.run_for(settling);
  grid.network.faults.loss = trouble.loss;
  const auto end = grid.clock.now() + duration;
  struct Turn {
    TimePoint at;
    std::size_t node;
    bool stops;
    bool operator>(const Turn& other) const { return at > other.at; }
  };
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns;
  for (std::size_t i = 0; i < members; ++i) {
    turns.push({grid.clock.now() + drawn_with_mean(grid.random, trouble.pause_every), i, true});
  }
  FalseAlarms alarms;
  while (turns.top().at < end) {
    const auto turn = turns.top();
    turns.pop();
    grid.run_for(turn.at - grid.clock.now());
    grid.pause(turn.node, turn.stops);
    alarms.pauses += turn.stops ? 1 : 0;
    const auto next = turn.stops ? drawn_below(grid.random, trouble.pause_max)
                                 : drawn_with_mean(grid.random, trouble.pause_every);
    turns.push({turn.at + next, turn.node, !turn.stops});
  }
  alarms.suspicions = grid.false_suspicions();
  alarms.deaths = grid.false_deaths();
  return alarms;
}

}  // namespace gridmail::sim
