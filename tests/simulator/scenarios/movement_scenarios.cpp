// Trouble while things move by plan: nodes that leave, drain, weigh more or less, are away for a while; load
// that is shared. Run until nothing moves any more.
#include <cmath>
#include <map>

#include "tests/simulator/ledger_load.hpp"
#include "tests/simulator/scenarios/families.hpp"

namespace gridmail::sim {
namespace {

using namespace std::chrono_literals;

/// What an admin does through some node, again until it is agreed.
void change_member(World& world, Load& load, NodeId id, const std::function<void(Member&)>& change) {
  for (int tries = 0; tries < 30; ++tries) {
    const auto map = world.newest_map();
    const auto* before = map ? map->member(id) : nullptr;
    if (before == nullptr) return;
    Member after = *before;
    change(after);
    if (after == *before) return;
    MapChange wanted;
    wanted.members.push_back({after, *before});
    world.propose(std::move(wanted));
    load.run_for(2s, [&] {
      const auto now = world.newest_map();
      return now && (now->member(id) == nullptr || *now->member(id) == after);
    });
  }
  throw Violation("a member's record cannot be changed");
}

bool is_primary_of_something(World& world, NodeId id) {
  const auto map = world.newest_map();
  return std::any_of(map->rows.begin(), map->rows.end(),
                     [&](const SlotRow& row) { return row.primary == id; });
}

void wait_for(Load& load, Duration at_most, const std::string& what, const std::function<bool()>& holds) {
  if (!load.run_for(at_most, holds)) throw Violation(what);
}

void check_nothing_moves_for_ever(World& world, Load& load) {
  wait_for(load, 300s, "does not come to rest after movement", [&] { return world.is_whole(); });
  load.run_for(60s);
  const auto version = world.newest_map()->version;
  load.run_for(60s);
  if (world.newest_map()->version != version) throw Violation("things move for ever");
}

/// A node leaves for good while another one crashes and returns.
void leave(World& world, Load& load) {
  load.run(10);
  const std::size_t node = world.chance().below(world.size());
  const NodeId leaving = world.id(node);
  change_member(world, load, leaving, [](Member& member) { member.state = MemberState::leaving; });
  load.run(static_cast<int>(world.chance().below(30)));
  const std::size_t other = world.chance().below(world.size());
  world.crash(other);
  load.run(static_cast<int>(world.chance().below(60)));
  world.restart(other);
  load.run(20);
  wait_for(load, 300s, "a node that leaves is not removed",
           [&] { return world.newest_map()->member(leaving) == nullptr; });
  world.crash(node);
  check_nothing_moves_for_ever(world, load);
}

/// One node after the other gives its primaries away and gets some back, while everything goes on.
void drain_in_turn(World& world, Load& load) {
  for (std::size_t node = 0; node < world.size(); ++node) {
    load.run(10);
    const NodeId id = world.id(node);
    change_member(world, load, id, [](Member& member) { member.state = MemberState::draining; });
    load.run(20);
    wait_for(load, 60s, "a drained node stays primary", [&] { return !is_primary_of_something(world, id); });
    change_member(world, load, id, [](Member& member) { member.state = MemberState::active; });
  }
  check_nothing_moves_for_ever(world, load);
}

/// Weights change faster than the copies can follow, one of them to nothing.
void reweigh(World& world, Load& load) {
  for (int round = 0; round < 6; ++round) {
    const std::size_t node = world.chance().below(world.size());
    const auto weight = static_cast<std::uint32_t>(100 + 50 * world.chance().below(3));
    change_member(world, load, world.id(node), [&](Member& member) { member.weight = weight; });
    load.run(static_cast<int>(world.chance().below(40)));
  }
  const NodeId none = world.id(1);
  change_member(world, load, none, [](Member& member) { member.weight = 0; });
  load.run(20);
  check_nothing_moves_for_ever(world, load);
  for (const auto& row : world.newest_map()->rows) {
    if (row.holds(none)) throw Violation("a node of weight 0 stores a slot");
  }
}

/// Its clock is the one that counts: the lowest voter's.
WallMicros wall_of_some_node(World& world) {
  for (std::size_t i = 0; i < world.size(); ++i) {
    if (world.is_up(i)) return world.clock_of(i).wall();
  }
  return 0;
}

/// A node is away by plan for longer than lost copies are waited for: nobody else is filled in its place.
void planned_restart(World& world, Load& load) {
  load.run(10);
  const std::size_t node = world.chance().below(world.size());
  const NodeId id = world.id(node);
  const auto until = wall_of_some_node(world) + 300'000'000;
  change_member(world, load, id, [&](Member& member) { member.maintenance_until = until; });
  wait_for(load, 60s, "a node to be maintained stays primary",
           [&] { return !is_primary_of_something(world, id); });
  wait_for(load, 60s, "movement does not end", [&] { return world.is_whole(); });
  const auto held = world.newest_map();
  // A slot without anything in it has nothing to fill: its new copy is complete at once. A slot that was
  // being moved off the node has its new copies already.
  const auto& promises = dynamic_cast<LedgerLoad&>(load).promises();
  std::vector<SlotId> filled;
  for (SlotId slot = 0; slot < held->slots(); ++slot) {
    const auto& row = held->rows[slot];
    const bool settled = row.in_sync.size() == 2 && row.joining.empty();
    if (settled && row.in_sync.contains(id) && !promises.known(slot).empty()) filled.push_back(slot);
  }
  world.crash(node);
  load.run(20);
  load.run_for(20s);
  const auto map = world.newest_map();
  for (const SlotId slot : filled) {
    if (map->rows[slot].in_sync.size() > 1) {
      throw Violation("a copy was rebuilt while its node was away by plan");
    }
  }
  world.restart(node);
  load.run(20);
  // Balance may take some of them off it as soon as they are whole.
  wait_for(load, 120s, "the node that was away by plan is not back in sync", [&] {
    const auto now = world.newest_map();
    const bool is_back = std::any_of(now->rows.begin(), now->rows.end(),
                                     [&](const SlotRow& row) { return row.in_sync.contains(id); });
    return is_back && std::all_of(filled.begin(), filled.end(),
                                  [&](SlotId slot) { return now->rows[slot].in_sync.size() > 1; });
  });
  wait_for(load, 400s, "maintenance does not end",
           [&] { return world.newest_map()->member(id)->maintenance_until == 0; });
  check_nothing_moves_for_ever(world, load);
}

/// Of two nodes the one that votes is away by plan: the other one votes in its place, and so can go on
/// without it.
void only_voter_away(World& world, Load& load) {
  load.run(10);
  const auto voters = world.newest_map()->voters;
  const std::size_t node = voters.contains(world.id(0)) ? 0 : 1;
  const NodeId id = world.id(node);
  const auto until = wall_of_some_node(world) + 300'000'000;
  change_member(world, load, id, [&](Member& member) { member.maintenance_until = until; });
  wait_for(load, 60s, "the only voter keeps its vote or its primaries", [&] {
    const auto map = world.newest_map();
    return !is_primary_of_something(world, id) && map->voters == NodeSet{world.id(1 - node)} &&
           map->voters_before.empty();
  });
  load.run(10);
  world.crash(node);
  load.run(60);
  dynamic_cast<LedgerLoad&>(load).check_everything_readable();
  world.restart(node);
  load.run(20);
  change_member(world, load, id, [](Member& member) { member.maintenance_until = 0; });
}

/// The clock that counted for it jumps ahead by a day: the others know better.
void maintenance_and_a_wrong_clock(World& world, Load& load) {
  load.run_for(15s);  // all have told what time it is
  const auto voters = world.newest_map()->voters;
  const std::size_t lowest = world.number_of(*voters.begin());
  const std::size_t node = (lowest + 1) % world.size();
  const NodeId id = world.id(node);
  const auto until = world.clock_of(node).wall() + 60'000'000;
  change_member(world, load, id, [&](Member& member) { member.maintenance_until = until; });
  world.clock_of(lowest).jump_wall(24 * 3'600'000'000);
  load.run_for(40s);
  if (world.newest_map()->member(id)->maintenance_until == 0 && world.clock_of(node).wall() < until)
    throw Violation("maintenance was ended by a wrong clock");
  wait_for(load, 60s, "maintenance does not end while one clock is wrong",
           [&] { return world.newest_map()->member(id)->maintenance_until == 0; });
}

/// Leaving is held in the middle, and goes on when it may.
void pause_and_resume(World& world, Load& load) {
  load.run(10);
  const std::size_t node = world.chance().below(world.size());
  const NodeId id = world.id(node);
  change_member(world, load, id, [](Member& member) { member.state = MemberState::leaving; });
  load.run(static_cast<int>(world.chance().below(10)));
  change_member(world, load, id, [](Member& member) { member.paused = true; });
  load.run_for(5s);  // what was asked for before is agreed, what was sent before arrives
  const auto held = world.newest_map();
  load.run(40);
  load.run_for(20s);
  const auto map = world.newest_map();
  for (std::size_t i = 0; i < map->rows.size(); ++i) {
    if (held->rows[i].in_sync.contains(id) && !map->rows[i].in_sync.contains(id)) {
      throw Violation("a paused job goes on");
    }
  }
  change_member(world, load, id, [](Member& member) { member.paused = false; });
  load.run(10);
  wait_for(load, 300s, "a job that was paused does not end",
           [&] { return world.newest_map()->member(id) == nullptr; });
  world.crash(node);
  check_nothing_moves_for_ever(world, load);
}

/// Users in random slots; a tenth of them has nine tenths of the mail.
class Population {
 public:
  Population(World& world, LedgerLoad& load, int users) : world_(world), load_(load) {
    for (int i = 0; i < users; ++i) {
      const auto slot = static_cast<SlotId>(world.chance().below(world.options().slots));
      (i < users / 10 ? hot_ : cold_).push_back(slot);
    }
  }
  void send(int steps) {
    sent_.clear();
    for (int i = 0; i < steps; ++i) {
      const auto& users = world_.chance().chance(0.9) ? hot_ : cold_;
      const SlotId slot = users[world_.chance().below(users.size())];
      load_.start_append(world_.chance().below(world_.size()), slot);
      sent_[slot] += 1;
      load_.run_for(100ms);
    }
  }
  /// How far the busiest and the idlest node are from their share, at worst.
  [[nodiscard]] double unevenness() const {
    const auto map = world_.newest_map();
    std::map<NodeId, double> load;
    double worst = 0;
    for (const auto& [slot, count] : sent_) load[*map->rows[slot].primary] += count;
    for (const auto& [node, share] : shares(*map))
      worst = std::max(worst, std::abs(load[node] - share) / share);
    return worst;
  }

 private:
  /// By weight; a node that holds too few busy slots for that has all of these, and the others share the
  /// rest.
  [[nodiscard]] std::map<NodeId, double> shares(const Map& map) const {
    std::map<NodeId, double> held, shares;
    double total = 0, weights = 0;
    for (const auto& [slot, count] : sent_) {
      for (const auto& node : map.rows[slot].in_sync) held[node] += count;
      total += count;
    }
    for (const auto& member : map.members) weights += member.weight;
    for (bool more = true; more;) {
      more = false;
      for (const auto& member : map.members) {
        if (shares.contains(member.id) || held[member.id] >= total * member.weight / weights) continue;
        shares[member.id] = held[member.id];
        total -= held[member.id];
        weights -= member.weight;
        more = true;
      }
    }
    for (const auto& member : map.members) shares.emplace(member.id, total * member.weight / weights);
    return shares;
  }

  World& world_;
  LedgerLoad& load_;
  std::vector<SlotId> hot_, cold_;
  std::map<SlotId, double> sent_;
};

std::size_t primaries_changed(const Map& before, const Map& after) {
  std::size_t changes = 0;
  for (std::size_t i = 0; i < after.rows.size(); ++i) {
    changes += before.rows[i].primary != after.rows[i].primary ? 1 : 0;
  }
  return changes;
}

/// Primaries follow the load, within a few minutes, and then stay.
void share_skewed_load(World& world, Load& load) {
  constexpr int rounds_max = 3;
  change_member(world, load, world.id(2), [](Member& member) { member.weight = 200; });
  Population people(world, dynamic_cast<LedgerLoad&>(load), 200);
  people.send(2400);
  std::size_t changes = 0;
  for (int round = 0; round < rounds_max; ++round) {
    wait_for(load, 120s, "movement does not end under load", [&] { return world.is_whole(); });
    const auto before = world.newest_map();
    people.send(1200);
    changes = primaries_changed(*before, *world.newest_map());
    if (changes <= 2) break;
  }
  if (changes > 2) throw Violation(std::to_string(changes) + " primaries changed under steady load");
  const double off = people.unevenness();
  if (off > 0.2) throw Violation("load is " + std::to_string(off) + " off an even share");
}

void many_slots(WorldOptions& options) {
  options.slots = 64;
  options.core.replication.plan.by_load = true;
}
void some_slots(WorldOptions& options) {
  options.slots = 12;
}

}  // namespace

std::vector<Scenario> movement_scenarios() {
  return {
      {"a node leaves while another crashes", leave, some_slots, 4},
      {"nodes drain one after the other", drain_in_turn, some_slots},
      {"weights change, one to nothing", reweigh, some_slots, 4},
      {"a node is away by plan", planned_restart, some_slots, 4},
      {"of two nodes the one that votes is away by plan", only_voter_away, some_slots, 2},
      {"a clock is wrong by a day during a maintenance", maintenance_and_a_wrong_clock, some_slots},
      {"leaving is paused and goes on", pause_and_resume, some_slots, 4},
  };
}

std::vector<Scenario> load_scenarios() {
  return {{"a skewed load is shared by weight", share_skewed_load, many_slots, 3}};
}

}  // namespace gridmail::sim
