#include <algorithm>

#include "tests/simulator/swarm.hpp"

namespace gridmail::sim {
namespace {

using namespace std::chrono_literals;

template <class T>
T one_of(Random& random, std::initializer_list<T> values) {
  return *(values.begin() + random.below(values.size()));
}

void draw_network(Random& random, WorldOptions& options) {
  if (random.chance(0.5)) options.network.loss = 0.2 * random.unit();
  if (random.chance(0.5)) options.network.duplicates = 0.3 * random.unit();
  options.network.delay_max = 1ms * one_of(random, {1, 2, 5, 20, 100, 300});
}

void draw_settings(Random& random, WorldOptions& options) {
  options.slots = static_cast<std::uint32_t>(1 + random.below(5));
  options.grid.copies = one_of(random, {2U, 2U, 2U, 2U, 2U, 2U, 3U, 1U});
  options.grid.copies_min = random.chance(0.8) ? std::min(2U, options.grid.copies) : 1U;
  options.disks.sync_max = 1ms * one_of(random, {1, 3, 3, 10, 40});
  if (random.chance(0.3)) options.drift_max = 0.02 * random.unit();
  auto& replication = options.core.replication;
  replication.fill_delay = 1ms * one_of(random, {0, 500, 5000});
  replication.log_keep = one_of<std::size_t>(random, {4, 30, 10'000});
  replication.fill.piece_bytes = one_of<std::size_t>(random, {200, 4000, 512 * 1024});
  replication.fill.busy_piece_bytes =
      std::min(replication.fill.piece_bytes, replication.fill.busy_piece_bytes);
  replication.fill.slots_max = one_of<std::size_t>(random, {1, 64});
  replication.moves_max = one_of<std::size_t>(random, {1, 1024});
  replication.handovers_max = one_of<std::size_t>(random, {1, 128});
  SeededRandom apart(options.seed ^ 0x4442'4548'494e'4400);
  if (apart.chance(0.2)) options.disks.queue_bytes_max = 1000 + apart.below(20'000);
  options.core.dead_for_long = 1s * one_of(random, {6, 12, 20});
}

std::vector<NodeTraits> draw_nodes(Random& random, std::uint32_t copies) {
  std::vector<NodeTraits> nodes(3 + random.below(5));
  const bool zones = random.chance(0.4);
  const bool weights = random.chance(0.4);
  std::size_t storing = 0;
  for (auto& node : nodes) {
    if (zones) node.zone = "zone" + std::to_string(random.below(3));
    if (weights && storing > copies) node.weight = one_of(random, {0U, 50U, 100U, 300U});
    storing += node.weight > 0 ? 1 : 0;
  }
  return nodes;
}

}  // namespace

SwarmPlan draw_swarm(std::uint64_t seed, const SwarmRules& rules, WorldOptions& options) {
  SeededRandom random(seed ^ 0x5357'4152'4d00'0000);
  SwarmPlan plan;
  draw_settings(random, options);
  draw_network(random, options);
  plan.nodes = draw_nodes(random, options.grid.copies);
  for (std::uint8_t kind = 0; kind < static_cast<std::uint8_t>(FaultKind::count_); ++kind) {
    const bool wanted = random.chance(0.35);
    const auto fault = static_cast<FaultKind>(kind);
    const bool allowed =
        (fault != FaultKind::old_disk || rules.old_disks) && (fault != FaultKind::bit_rot || rules.bit_rot);
    if (wanted && allowed) plan.kinds.push_back(fault);
  }
  if (rules.bit_rot) {
    options.core.replication.scrub.day = 100ms;
    options.core.replication.scrub.look_every = 500ms;
    options.core.replication.scrub.keep_every = 1s;
    if (random.chance(0.7)) plan.kinds.push_back(FaultKind::bit_rot);
  }
  if (rules.old_disks && random.chance(0.7)) plan.kinds.push_back(FaultKind::old_disk);
  if (plan.kinds.empty()) plan.kinds.push_back(FaultKind::crash);
  plan.faults = 2 + random.below(7);
  plan.loads_max = one_of<std::uint64_t>(random, {3, 10, 25});
  plan.lasts_max_ms = one_of<std::uint64_t>(random, {1000, 4000, 10'000});
  return plan;
}

}  // namespace gridmail::sim
