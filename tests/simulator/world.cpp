#include "tests/simulator/world.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

namespace gridmail::sim {
namespace {

Bytes sim_key() {
  return Bytes(gossip_key_bytes, 'k');
}

}  // namespace

WorldOptions::WorldOptions() {
  core.replication.fill_delay = std::chrono::seconds(5);
  core.dead_for_long = std::chrono::seconds(20);
}

World::World(std::uint64_t seed, WorldOptions options)
    : options_(std::move(options)), random_(seed), network_(clock_, random_) {
  network_.faults = options_.network;
}

World::~World() {
  for (auto& node : nodes_) end_life(*node);
}

std::size_t World::add_node() {
  auto node = std::make_unique<Node>();
  node->key.resize(32);
  random_.fill(node->key.data(), node->key.size());
  node->id = *NodeId::from_bytes(blake2b(node->key, 16));
  node->name = "node" + std::to_string(nodes_.size());
  node->disk = std::make_unique<test::MemoryStore>(clock_, random_);
  Member member;
  member.id = node->id;
  member.public_key = node->key;
  member.name = node->name;
  member.addresses = {node->name + ":1"};
  const bool found = nodes_.empty();
  nodes_.push_back(std::move(node));
  auto& added = *nodes_.back();
  if (found) {
    start_life(added, create_map(member, options_.slots, Bytes(16, 'g'), options_.grid), true);
    run_for(std::chrono::seconds(60), [this] { return is_whole(); });
    return 0;
  }
  // An introducer has the new member agreed, then hands over the map.
  const auto admitted = std::make_shared<MapPtr>();  // answers may come late
  const auto deadline = clock_.now() + std::chrono::seconds(60);
  while (!*admitted && clock_.now() < deadline) {
    for (auto& introducer : nodes_) {
      if (!introducer->life || &*introducer == &added) continue;
      MapChange change;
      change.members.push_back({member});
      introducer->life->core->map_register().propose(change, [admitted, id = added.id](Result<MapPtr> map) {
        if (map && (*map)->member(id) != nullptr) *admitted = *map;
      });
      break;
    }
    run_for(std::chrono::seconds(5), [&] { return *admitted != nullptr; });
  }
  if (!*admitted) throw Violation("a new node could not be admitted");
  start_life(added, **admitted, false);
  return nodes_.size() - 1;
}

void World::start_life(Node& node, std::optional<Map> map, bool found) {
  node.life = std::make_unique<Life>();
  auto& life = *node.life;
  life.port = std::make_unique<SimPort>(life.context, network_.attach(node.id, node.name + ":1"));
  life.random = std::make_unique<SeededRandom>(random_.u64());
  life.ledger = std::make_unique<LedgerService>(
      [this, &node](SlotId slot, Epoch epoch, std::uint64_t number, Guid guid) {
        committed(node, slot, epoch, number, guid);
      });
  const asio::any_io_executor executor = life.context.get_executor();
  GridPorts ports{clock_, *life.random, *life.port, *node.disk, executor, {executor}};
  Membership::Self self{node.id, node.name, {node.name + ":1"}, "simulated"};
  GridCore::Hooks hooks;
  hooks.fail_stop = [](Error error) { throw Violation("a node stopped itself: " + error.text); };
  hooks.low_space = [] { return false; };
  if (options_.companion) {
    hooks.on_map = [&life](const MapPtr& map) { life.companion->on_map(map); };
    hooks.on_push = [&life](NodeId from, Bytes payload) {
      life.companion->on_push(from, std::move(payload));
    };
    hooks.on_intake = [&life](NodeId from, Bytes payload) {
      life.companion->on_intake(from, std::move(payload));
    };
  }
  life.core = std::make_unique<GridCore>(std::move(ports), std::move(self), KeyRing{{sim_key()}},
                                         options_.core, hooks);
  if (options_.companion) {
    life.companion = options_.companion({*life.core, clock_, *life.random, *life.port, *node.disk, executor});
  } else {
    life.core->serve(ledger_service, *life.ledger);
  }
  life.core->tasks().spawn(executor, "begin", begin(&life, std::move(map), found));
}

Task<void> World::begin(Life* life, std::optional<Map> map, bool found) {
  auto* core = life->core.get();
  const auto loaded = co_await core->load();
  if (!loaded) throw Violation("a node cannot load: " + loaded.error().text);
  if (map && !core->has_map()) {
    Result<void> taken;
    if (found) {
      taken = co_await core->create(std::move(*map));
    } else {
      taken = co_await core->adopt(std::move(*map));
    }
    if (!taken) throw Violation("a node cannot take its first map: " + taken.error().text);
  }
  core->start();
  if (life->companion) co_await life->companion->start();
}

/// At the moment of an acknowledgement: what it acknowledges is on the disk of every copy that must have it.
void World::committed(const Node& node, SlotId slot, Epoch epoch, std::uint64_t number, Guid guid) {
  promises_.committed(slot, epoch, node.id);
  const auto here = node.life->core->slots().find(slot);
  if (!here || !here->opened() || here->row().epoch != epoch) return;  // the next opening settles who has it
  NodeSet holders = here->row().others();
  holders.insert(node.id);
  const auto map = newest_map();
  for (const auto& holder : holders) {
    const auto& other = *nodes_[number_of(holder)];
    // One that a later map takes out, which this primary has yet to hear of, may have dropped what it held.
    const auto& newest = map->rows[slot];
    if (other.destroyed || (newest.epoch > epoch && !newest.in_sync.contains(holder))) continue;
    const auto& disk = other.disk->contents(Family::meta);
    const auto found = disk.find(entry_key(slot, number));
    if (found == disk.end() || found->second != guid.bytes()) {
      promises_.broken(slot, "acknowledged " + std::to_string(number) + ", which the copy at " + other.name +
                                 " does not have on its disk");
    }
  }
}

void World::end_life(Node& node) {
  if (!node.life) return;
  node.paused = false;
  node.disk->crash();
  node.life->context.crash();
  node.life->core->abandon();
  node.life->context.crash();  // what was let go of unwinds while the core still exists
  node.life->companion.reset();
  node.life->core.reset();
  node.life.reset();
}

void World::crash(std::size_t node) {
  end_life(*nodes_[node]);
}

void World::restart(std::size_t node) {
  if (!nodes_[node]->life && !nodes_[node]->destroyed) start_life(*nodes_[node], std::nullopt, false);
}

void World::destroy(std::size_t node) {
  end_life(*nodes_[node]);
  nodes_[node]->disk->wipe();
  nodes_[node]->destroyed = true;
}

std::size_t World::number_of(NodeId id) const {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i]->id == id) return i;
  }
  return nodes_.size();
}

bool World::poll() {
  bool any = false;
  for (auto& node : nodes_) {
    if (!node->life || node->paused) continue;
    node->life->context.restart();
    any |= node->life->context.poll() > 0;
  }
  return any;
}

bool World::run_for(Duration duration, const std::function<bool()>& done) {
  const TimePoint end = clock_.now() + duration;
  for (;;) {
    while (poll()) {
    }
    promises_.check();
    if (done && done()) return true;
    if (clock_.next_alarm() > end) break;
    clock_.ring_next();
  }
  clock_.set_now(end);
  return !done;
}

void World::start_append(std::size_t front, SlotId slot) {
  auto& core = *nodes_[front]->life->core;
  core.tasks().spawn(nodes_[front]->life->context.get_executor(), "append",
                     append(this, &core, slot, draw_id<Guid>(random_)));
}

void World::start_read(std::size_t front, SlotId slot) {
  auto& core = *nodes_[front]->life->core;
  core.tasks().spawn(nodes_[front]->life->context.get_executor(), "read",
                     read(this, &core, slot, promises_.known(slot), nullptr));
}

Task<void> World::append(World* world, GridCore* core, SlotId slot, Guid guid) {
  ++world->under_way_;
  const std::shared_ptr<void> ended(nullptr, [world](void*) { --world->under_way_; });
  for (int attempt = 0; attempt < 20; ++attempt) {
    const auto answer = co_await core->router().call(slot, ledger_service, append_request(guid));
    if (answer) {
      world->promises_.acknowledged(slot, guid, read_be64(*answer));
      co_return;
    }
    co_await sleep_for(world->clock_, std::chrono::milliseconds(20));
  }
}

Task<void> World::read(World* world, GridCore* core, SlotId slot, std::map<std::uint64_t, Guid> known,
                       bool* done) {
  ++world->under_way_;
  const std::shared_ptr<void> ended(nullptr, [world](void*) { --world->under_way_; });
  const auto answer = co_await core->router().call(slot, ledger_service, read_request());
  if (!answer) co_return;
  world->promises_.shown(slot, read_answer(*answer), known);
  if (done != nullptr) *done = true;
}

MapPtr World::newest_map() const {
  MapPtr newest;
  for (const auto& node : nodes_) {
    if (!node->life || !node->life->core) continue;
    const auto map = node->life->core->map();
    if (map && (!newest || map->version > newest->version)) newest = map;
  }
  return newest;
}

bool World::is_whole() const {
  const auto map = newest_map();
  if (!map) return false;
  std::size_t live = 0;
  for (const auto& node : nodes_) live += node->life ? 1 : 0;
  const std::size_t copies = std::min<std::size_t>(map->settings.copies, live);
  for (const auto& row : map->rows) {
    if (row.in_sync.size() < copies || !row.joining.empty() || !row.primary) return false;
    for (const auto& node : row.in_sync) {
      const std::size_t number = number_of(node);
      if (number == nodes_.size() || !nodes_[number]->life) return false;
    }
    const auto& primary = nodes_[number_of(*row.primary)];
    if (!primary->life->core->running()) return false;
    const auto slot = primary->life->core->slots().find(static_cast<SlotId>(&row - map->rows.data()));
    if (!slot || !slot->opened() || slot->row().epoch != row.epoch) return false;
  }
  return true;
}

bool World::has_its_voters() const {
  const auto map = newest_map();
  const std::size_t members = map->members.size();
  return map->voters_before.empty() && map->voters.size() >= (members >= 3 ? 3 : 1);
}

bool World::may_destroy(std::size_t node) const {
  const auto map = newest_map();
  return std::all_of(map->rows.begin(), map->rows.end(), [&](const SlotRow& row) {
    if (!row.in_sync.contains(nodes_[node]->id)) return true;
    return std::any_of(row.in_sync.begin(), row.in_sync.end(), [&](NodeId id) {
      const std::size_t other = number_of(id);
      return other != node && !nodes_[other]->destroyed;
    });
  });
}

void World::check_copies_equal() const {
  const auto map = newest_map();
  for (SlotId id = 0; id < map->rows.size(); ++id) {
    for (const auto family : {Family::meta, Family::body}) {
      std::optional<std::map<Bytes, Bytes>> first;
      for (const auto& node : map->rows[id].in_sync) {
        const auto& all = nodes_[number_of(node)]->disk->contents(family);
        std::map<Bytes, Bytes> here(all.lower_bound(slot_begin(id)), all.lower_bound(slot_begin(id + 1)));
        if (!first) {
          first = std::move(here);
        } else if (*first != here) {
          throw Violation("slot " + std::to_string(id) + ": copies differ");
        }
      }
    }
  }
}

void World::check_everything_readable() {
  for (SlotId slot = 0; slot < options_.slots; ++slot) {
    bool done = false;
    for (int attempt = 0; attempt < 5 && !done; ++attempt) {
      for (auto& node : nodes_) {
        if (!node->life) continue;
        auto& core = *node->life->core;
        core.tasks().spawn(node->life->context.get_executor(), "last read",
                           read(this, &core, slot, promises_.known(slot), &done));
        break;
      }
      run_for(std::chrono::seconds(20), [&] { return done; });
    }
    if (!done) throw Violation("slot " + std::to_string(slot) + " cannot be read after everything healed");
  }
}

std::string World::describe() const {
  std::string text;
  const auto map = newest_map();
  if (!map) return "no map";
  for (const auto& node : nodes_) {
    text += node->name + (node->life ? " up" : node->destroyed ? " destroyed" : " down");
    if (node->life && node->life->core && node->life->core->map()) {
      text += " map " + std::to_string(node->life->core->map()->version);
    }
    text += "\n";
  }
  const auto list = [&](const NodeSet& set) {
    std::string names;
    for (const auto& node : set) names += " " + std::to_string(number_of(node));
    return names;
  };
  text += "map " + std::to_string(map->version) + " voters" + list(map->voters) + " before" +
          list(map->voters_before) + "\n";
  for (SlotId id = 0; id < map->rows.size(); ++id) {
    const auto& row = map->rows[id];
    text += "slot " + std::to_string(id) + " epoch " + std::to_string(row.epoch) + " primary " +
            (row.primary ? std::to_string(number_of(*row.primary)) : "none") + " in sync" +
            list(row.in_sync) + " joining" + list(row.joining) + " retired" + list(row.retired) + " partial" +
            list(row.partial);
    for (const auto& node : nodes_) {
      if (!node->life || !node->life->core || !node->life->core->running()) continue;
      const auto slot = node->life->core->slots().find(id);
      if (!slot) continue;
      text += " | " + node->name + ": " + slot->describe();
    }
    text += "\n";
  }
  return text;
}

}  // namespace gridmail::sim
