// What becomes of a slot's copies: primaries that hear nothing, disks that lost something, copies that are
// all there is left of a slot.
#include <tuple>

#include "tests/simulator/ledger_load.hpp"
#include "tests/simulator/scenarios/families.hpp"
#include "tests/simulator/torrent.hpp"
#include "tests/simulator/troubles.hpp"

namespace gridmail::sim {
namespace {

using namespace std::chrono_literals;

/// A primary that is heard by all and hears nothing cannot do its work: the others go on without it.
void deaf_primary(World& world, Load& load) {
  for (int round = 0; round < 2; ++round) {
    load.run(5);
    const auto deaf = holder(world, true);
    if (!deaf) continue;
    for (std::size_t i = 0; i < world.size(); ++i) {
      if (i != *deaf) world.network().block(world.id(i), world.id(*deaf));
    }
    load.run(80);
    const std::size_t front = (*deaf + 1) % world.size();
    for (SlotId slot = 0; slot < world.options().slots; ++slot) {
      auto& ledger = dynamic_cast<LedgerLoad&>(load);
      const auto before = ledger.promises().known(slot).size();
      ledger.start_append(front, slot);
      if (!load.run_for(10s, [&] { return ledger.promises().known(slot).size() > before; })) {
        throw Violation("slot " + std::to_string(slot) + ": nothing goes on while a node hears nothing");
      }
    }
    world.network().heal();
    load.run(20);
  }
}

/// A node without a vote: what its disk loses is of its copies only.
std::optional<std::size_t> voiceless_node(World& world) {
  const auto map = world.newest_map();
  for (std::size_t i = 0; i < world.size(); ++i) {
    if (world.is_up(i) && !map->voters.contains(world.id(i))) return i;
  }
  return std::nullopt;
}

/// Nothing is on its way any more: so what a disk forgets now was acknowledged by it and by the primary.
void settle_operations(Load& load) {
  (void)load.run_for(20s, [&] { return load.under_way() == 0; });
}

Task<void> write_small(SlotAccessPtr slot, std::shared_ptr<bool> done) {
  Operation operation;
  operation.writes.push_back({Family::meta, slot_key(slot->slot(), 'z', {}), Bytes("small"), {}, false});
  *done = (co_await slot->commit(std::move(operation))).has_value();
}

/// As a deletion does, through whoever is the slot's primary by then.
void check_small_is_written(World& world, Load& load, SlotId slot) {
  const auto done = std::make_shared<bool>();
  for (int attempt = 0; attempt < 20 && !*done; ++attempt) {
    for (std::size_t node = 0; node < world.size(); ++node) {
      const auto access = world.is_up(node) ? world.core(node).slots().access(slot) : nullptr;
      if (access) world.core(node).tasks().spawn(world.executor(node), "small", write_small(access, done));
    }
    load.run_for(1s, [&] { return *done; });
  }
  if (!*done) throw Violation("slot " + std::to_string(slot) + ": nothing can be deleted on full disks");
}

/// A node is gone, and the disks of those who should make its copies anew are full, or one of them: they must
/// not be filled until these nodes stop as well. (What is written there all the same stops them.)
void full_disks(World& world, Load& load) {
  load.run(60);
  if (!load.run_for(30s, [&] { return world.is_whole(); })) return;
  settle_operations(load);
  const auto gone = static_cast<std::size_t>(world.chance().below(world.size()));
  const auto spared = world.chance().chance(0.5) ? (gone + 1) % world.size() : gone;
  for (std::size_t i = 0; i < world.size(); ++i) {
    if (i != gone && i != spared) world.fill_disk(i, true);
  }
  load.run_for(2s);  // all know
  world.crash(gone);
  load.run(100);
  for (SlotId slot = 0; slot < world.options().slots; ++slot) check_small_is_written(world, load, slot);
}

/// A node joins, and its disk is full as soon as copies move there: these stay where they are, and their
/// slots go on taking what is large.
void full_newcomer(World& world, Load& load) {
  load.run(30);
  if (!load.run_for(30s, [&] { return world.is_whole(); })) return;
  settle_operations(load);
  const std::size_t number = world.add_node();
  const auto newcomer = world.id(number);
  const auto any_joins = [&] {
    const auto map = world.newest_map();
    return std::any_of(map->rows.begin(), map->rows.end(),
                       [](const SlotRow& row) { return !row.joining.empty(); });
  };
  if (!load.run_for(60s, any_joins)) throw Violation("nothing moves to a node that joins");
  world.fill_disk(number, true);
  const auto rests = [&] { return !any_joins() && world.is_whole(); };
  if (!load.run_for(60s, rests)) throw Violation("moves to a full disk do not end");
  auto& ledger = dynamic_cast<LedgerLoad&>(load);
  for (SlotId slot = 0; slot < world.options().slots; ++slot) {
    if (world.newest_map()->rows[slot].holds(newcomer)) continue;
    const auto before = ledger.promises().known(slot).size();
    ledger.start_append(0, slot);
    if (!load.run_for(10s, [&] { return ledger.promises().known(slot).size() > before; }))
      throw Violation("slot " + std::to_string(slot) + ": nothing is taken though its copies have room");
  }
}

/// A copy is back so soon that nobody missed it, and lacks what it had acknowledged. Then primaries restart,
/// and hand over to it.
void lying_disk(World& world, Load& load) {
  load.run(10);
  const auto liar = voiceless_node(world);
  if (!liar) return;
  const auto image = world.disk(*liar).image();
  load.run(10 + static_cast<int>(world.chance().below(20)));
  settle_operations(load);
  world.crash(*liar);
  world.disk(*liar).restore(image);
  world.restart(*liar);
  load.run_for(1ms * static_cast<int>(world.chance().below(1500)));
  for (int round = 0; round < 3; ++round) {
    const auto primary = holder(world, true);
    if (!primary || *primary == *liar) continue;
    world.crash(*primary);
    load.run_for(1ms * static_cast<int>(world.chance().below(500)));
    world.restart(*primary);
    load.run(5);
  }
  load.run(80);
}

/// A backup of a node's disk is put back, from before its last start. Then all lose power, and the node with
/// the old disk is among the first to return.
void old_disk(World& world, Load& load) {
  load.run(10);
  const auto node = voiceless_node(world);
  if (!node) return;
  const auto backup = world.disk(*node).image();
  load.run(static_cast<int>(world.chance().below(20)));
  world.crash(*node);
  load.run(static_cast<int>(world.chance().below(30)));
  world.restart(*node);
  (void)load.run_for(20s, [&] { return world.is_whole(); });
  load.run(30);
  if (world.chance().chance(0.5)) {
    for (std::size_t i = 0; i < world.size(); ++i) world.crash(i);
  }
  world.put_back(*node, backup);
  world.restart(*node);
  for (std::size_t i = 0; i < world.size(); ++i) {
    load.run_for(1ms * static_cast<int>(world.chance().below(4000)));
    world.restart(i);
  }
  load.run(80);
}

/// A node's log is damaged before its end, so that it opens without what it acknowledged last, and knows.
/// Others restart at the same time.
void damaged_log(World& world, Load& load) {
  load.run(10);
  const auto node = voiceless_node(world);
  if (!node) return;
  const auto image = world.disk(*node).image();
  load.run(5 + static_cast<int>(world.chance().below(30)));
  settle_operations(load);
  const bool all = world.chance().chance(0.6);
  for (std::size_t i = 0; i < world.size(); ++i) {
    if (all || i == *node) world.crash(i);
  }
  world.disk(*node).restore(image);
  world.restart_damaged(*node);
  for (std::size_t i = 0; i < world.size(); ++i) {
    load.run_for(1ms * static_cast<int>(world.chance().below(8000)));
    world.restart(i);
  }
  load.run(80);
}

/// Many operations on their way at once, more than the window has room for, while nodes crash: the tails that
/// openings carry come in pieces.
void torrents(World& world, Load& load) {
  Torrent torrent(world);
  const auto pour = [&] {
    for (SlotId slot = 0; slot < world.options().slots; ++slot) torrent.pour(slot, world.chance().below(30));
  };
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 10; ++i) {
      pour();
      load.run(1);
    }
    const auto node = holder(world, world.chance().chance(0.7));
    if (!node) continue;
    pour();
    load.run_for(Duration(static_cast<std::int64_t>(world.chance().below(20'000'000))));
    world.crash(*node);
    load.run(static_cast<int>(world.chance().below(60)));
    world.restart(*node);
  }
  if (!load.run_for(120s, [&] { return world.is_whole() && load.under_way() == 0; })) {
    throw Violation("does not come to rest");
  }
  load.run_for(2s);
  if (world.is_whole()) torrent.check();
  if (torrent.acknowledged() == 0) throw Violation("no operation was acknowledged");
}

/// No slot has lost what only this node holds: each has another in-sync copy, or a whole retired one and an
/// opened joining one to be combined.
bool may_lose(World& world, std::size_t node) {
  const auto map = world.newest_map();
  for (SlotId id = 0; id < map->rows.size(); ++id) {
    const auto& row = map->rows[id];
    if (!row.in_sync.contains(world.id(node)) || row.in_sync.size() > 1) continue;
    const bool opened = std::any_of(row.joining.begin(), row.joining.end(), [&](const NodeId& joining) {
      const std::size_t other = world.number_of(joining);
      if (!world.is_up(other) || !world.core(other).running()) return false;
      const auto slot = world.core(other).slots().find(id);
      return slot && slot->copy().opened_epoch() == row.epoch;
    });
    if (!opened || row.retired.empty()) return false;
  }
  return true;
}

/// A node is away, others have joined for it and have yet to fetch what was there before, when its partner is
/// lost for good. What is left makes a whole copy once the first node is back.
void combine_what_is_left(World& world, Load& load) {
  load.run(10);
  const auto away = holder(world, world.chance().chance(0.5));
  if (!away) return;
  const auto id = world.id(*away);
  world.crash(*away);
  const auto has_gone = [&] {
    const auto map = world.newest_map();
    return std::none_of(map->rows.begin(), map->rows.end(), [&](const SlotRow& row) {
      return row.holds(id) || row.joining.empty() != row.retired.empty();
    });
  };
  (void)load.run_for(8s, has_gone);
  load.run(static_cast<int>(world.chance().below(30)));
  if (world.chance().chance(0.4)) {  // a joining copy is replaced, or the retired one is back for a while
    world.restart(*away);
    load.run(static_cast<int>(world.chance().below(40)));
    const auto other = holder(world, false);
    if (other && world.chance().chance(0.5)) {
      world.crash(*other);
      load.run(40);
      world.restart(*other);
      load.run(static_cast<int>(world.chance().below(20)));
    }
  }
  const auto lost = holder(world, true);
  if (!lost || *lost == *away) return;
  if (!load.run_for(10s, [&] { return may_lose(world, *lost); })) return;
  world.destroy(*lost);
  load.run(static_cast<int>(world.chance().below(60)));
  world.restart(*away);
  load.run(40);
}

void long_gaps(WorldOptions& options) {
  options.core.replication.fill_delay = 20s;
}

/// An admin changes how many copies there are to be, and how many must be, while nodes crash now and then.
void change_copies(World& world, Load& load) {
  const std::vector<std::pair<std::uint32_t, std::uint32_t>> choices{{1, 1}, {2, 1}, {2, 2}, {3, 2}, {3, 3}};
  for (int round = 0; round < 5; ++round) {
    auto settings = world.newest_map()->settings;
    std::tie(settings.copies, settings.copies_min) = choices[world.chance().below(choices.size())];
    MapChange change;
    change.settings = SettingsChange{settings};
    world.propose(change);
    load.run(20);
    const auto node = holder(world, world.chance().chance(0.5));
    if (node && world.chance().chance(0.5)) {
      world.crash(*node);
      load.run(static_cast<int>(world.chance().below(40)));
      world.restart(*node);
    }
    const auto in_shape = [&] {
      const auto map = world.newest_map();
      return world.is_whole() && map->settings == settings &&
             std::all_of(map->rows.begin(), map->rows.end(),
                         [&](const SlotRow& row) { return row.in_sync.size() == settings.copies; });
    };
    const auto until = world.clock().now() + 60s;
    while (!in_shape() && world.clock().now() < until) load.run(1);
    if (!in_shape()) throw Violation("the copies do not become " + std::to_string(settings.copies));
  }
}

void change_settings(World& world, Load& load, const std::function<void(GridSettings&)>& change) {
  for (int tries = 0; tries < 30; ++tries) {
    auto settings = world.newest_map()->settings;
    change(settings);
    MapChange wanted;
    wanted.settings = SettingsChange{settings};
    world.propose(std::move(wanted));
    if (load.run_for(2s, [&] { return world.newest_map()->settings == settings; })) return;
  }
  throw Violation("settings cannot be changed");
}

/// Of two copies one is away while the other is written alone, as the settings allow. They do so no more when
/// the one that was away comes back first, and a vote beside it: it lacks what the other has.
void raise_copies_min(World& world, Load& load) {
  load.run(10);
  const std::size_t away = world.chance().below(2);
  const std::size_t alone = 1 - away;
  world.crash(away);
  const auto goes_on = [&] {
    const auto map = world.newest_map();
    return std::all_of(map->rows.begin(), map->rows.end(), [&](const SlotRow& row) {
      return row.primary == world.id(alone) && row.in_sync.size() == 1 && row.joining.empty();
    });
  };
  if (!load.run_for(30s, goes_on)) throw Violation("the only copy does not go on");
  const auto before = load.outcome().acknowledged;
  load.run(60);
  if (load.outcome().acknowledged == before) throw Violation("one copy was not enough");
  change_settings(world, load, [](GridSettings& settings) { settings.copies_min = 2; });
  load.run(static_cast<int>(world.chance().below(20)));
  world.crash(alone);
  load.run_for(1s);
  world.restart(away);
  load.run(300);
  world.restart(alone);
  load.run(20);
}

void two_copies_and_a_vote(WorldOptions& options) {
  options.nodes = {NodeTraits{}, NodeTraits{}, NodeTraits{.weight = 0}};
  options.grid.copies_min = 1;
}

/// A copy is away for long, and the primaries' logs are kept short: sometimes they reach back to where it
/// stopped, sometimes not.
void long_away(World& world, Load& load) {
  for (int round = 0; round < 3; ++round) {
    load.run(10);
    const auto node = holder(world, false);
    if (!node) continue;
    world.crash(*node);
    load.run(static_cast<int>(world.chance().below(120)));
    world.restart(*node);
    load.run(static_cast<int>(world.chance().below(40)));
  }
}

void short_logs(WorldOptions& options) {
  options.core.replication.log_keep = 4;
  options.core.replication.log_away_bytes = 2048;
  options.core.replication.fill.piece_bytes = 256;
  options.core.replication.fill.busy_piece_bytes = 256;
  options.network.delay_max = 30ms;
}

void no_room(WorldOptions& options) {
  options.disks.full_bytes_max = 1024;
  options.core.replication.fill.piece_bytes = options.core.replication.fill.busy_piece_bytes = 500;
}

void small_window(WorldOptions& options) {
  auto& replication = options.core.replication;
  replication.window_operations = 8;
  replication.window_bytes = 6 * 1024;
  replication.pending_bytes_max = 40 * 1024;
  replication.open_bytes = 2 * 1024;
  options.network.loss = 0.02;
}

}  // namespace

std::vector<Scenario> copy_scenarios() {
  return {
      {"a primary hears nothing, but is heard", deaf_primary},
      {"a copy comes back at once and has forgotten what it acknowledged", lying_disk, {}, 4},
      {"an old backup of a disk is put back", old_disk, {}, 4},
      {"a disk's log is damaged before its end", damaged_log, {}, 4},
      {"the last copy in sync is lost for good, and what is left is combined", combine_what_is_left,
       long_gaps, 4},
      {"the number of copies is changed again and again", change_copies, {}, 4},
      {"a copy is written alone, and copies_min is raised before there is another", raise_copies_min,
       two_copies_and_a_vote},
      {"a copy is away for longer than the logs reach back", long_away, short_logs},
      {"more operations are on their way than the window holds", torrents, small_window},
      {"a node is gone and the disks of the others are full", full_disks, no_room},
      {"a node joins and its disk is full in the middle", full_newcomer, no_room},
  };
}

}  // namespace gridmail::sim
