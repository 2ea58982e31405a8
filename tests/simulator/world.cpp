#include "tests/simulator/world.hpp"

#include "node/base/log.hpp"

namespace gridmail::sim {
namespace {

using namespace std::chrono_literals;

constexpr auto noticed_within = 15s;
constexpr auto ask_again = 5s;  // of a node that wants to join

Bytes sim_key() {
  return Bytes(gossip_key_bytes, 'k');
}

}  // namespace

WorldOptions::WorldOptions() {
  core.replication.fill_delay = 5s;
  core.dead_for_long = 20s;
  core.replication.plan.back_for = 2s;
  core.replication.plan.full_for = 3s;  // less than what counts as rest
  // Numbers are compared at the end, so loads do not count, but where a scenario is about them.
  core.replication.plan.by_load = false;
}

World::World(WorldOptions options)
    : options_(std::move(options)), random_(options_.seed), network_(clock_, random_) {
  network_.faults = options_.network;
  if (options_.history != nullptr) record_log();
}

World::~World() {
  for (auto& node : nodes_) end_life(*node);
  if (options_.history != nullptr) {
    set_log_sink([](Level, std::string_view) {});
    set_log_level(Level::error);
  }
}

// --- nodes

Member World::member(const Node& node) const {
  Member member;
  member.id = node.id;
  member.public_key = node.key;
  member.name = node.name;
  member.addresses = {node.name + ":1"};
  member.zone = node.traits.zone;
  member.weight = node.traits.weight;
  return member;
}

std::size_t World::add_node(NodeTraits traits) {
  const std::size_t number = begin_to_add(std::move(traits));
  const auto& added = *nodes_[number];
  if (!run_for(60s, [&] { return added.life != nullptr; }))
    throw Violation("a new node could not be admitted");
  if (number == 0) run_for(60s, [this] { return is_whole(); });
  return number;
}

std::size_t World::begin_to_add(NodeTraits traits) {
  auto node = std::make_unique<Node>();
  node->key.resize(32);
  random_.fill(node->key.data(), node->key.size());
  node->id = *NodeId::from_bytes(blake2b(node->key, 16));
  node->name = "node" + std::to_string(nodes_.size());
  node->traits = std::move(traits);
  node->disk = std::make_unique<test::MemoryStore>(clock_, random_, options_.disks);
  node->disk->wakes(node->awake);
  if (options_.drift_max > 0) node->rate = 1 + options_.drift_max * (2 * random_.unit() - 1);
  const bool founds = nodes_.empty();
  node->sends_mail = nodes_.size() % 4 != 3;  // some do not; enough do that no fault takes all of them
  nodes_.push_back(std::move(node));
  auto& added = *nodes_.back();
  note({}, [&] { return added.name + " (" + added.id.brief() + ") wants to join"; });
  if (founds) {
    added.first_map = create_map(member(added), options_.slots, Bytes(16, 'g'), options_.grid);
    added.first_map->keys.ring = {{sim_key()}};
    start_life(added);
  } else {
    ask_to_join(added);
  }
  return nodes_.size() - 1;
}

/// An introducer has the new member agreed, then hands over the map.
void World::ask_to_join(Node& node) {
  if (node.first_map || node.destroyed) return;
  for (auto& introducer : nodes_) introducer->awake = true;
  MapChange change;
  change.members.push_back({member(node)});
  propose(std::move(change), [node = &node](const Map& map) {
    if (map.member(node->id) != nullptr && !node->first_map) node->first_map = map;
  });
  clock_.call_after(ask_again, [this, node = &node] { ask_to_join(*node); });
}

void World::propose(MapChange change, const std::function<void(const Map&)>& agreed) {
  for (auto& introducer : nodes_) {
    if (!introducer->life || introducer->paused || !introducer->life->core->running()) continue;
    introducer->life->core->map_register().propose(std::move(change), [agreed](const Result<MapPtr>& map) {
      if (map && agreed) agreed(**map);
    });
    return;
  }
}

void World::start_life(Node& node) {
  note({}, [&] { return node.name + " starts"; });
  node.awake = true;
  node.started = true;
  if (node.old_disk) node.noticed_by = clock_.now() + noticed_within;
  node.old_disk = false;
  // Its boot clock shows another time than the others' do, and in each life another one.
  const auto booted_before = Duration(static_cast<std::int64_t>(1 + random_.below(1'000'000'000'000)));
  node.life = std::make_unique<Life>(clock_, booted_before, node.rate, node.awake);
  auto& life = *node.life;
  life.port = std::make_unique<SimPort>(life.context, network_.attach(node.id, node.name + ":1"), node.awake,
                                        options_.tamper);
  life.random = std::make_unique<SeededRandom>(random_.u64());
  const asio::any_io_executor executor = life.context.get_executor();
  GridPorts ports{life.clock, *life.random, *life.port, *node.disk, executor, {executor}, node.damaged};
  Membership::Self self{node.id, node.name, {node.name + ":1"}, "simulated"};
  self.sends_mail = node.sends_mail;
  GridCore::Hooks hooks;
  hooks.fail_stop = [&life](const Error& error) { life.failed = error; };
  node.disk->on_failure(hooks.fail_stop);
  node.disk->on_damage([&life](const Error&) { life.damaged = true; });
  hooks.low_space = [&node] { return node.disk->is_full(); };
  hooks.very_low_space = [&node] { return node.disk->is_very_full(); };
  hooks.is_behind = [&node] { return node.disk->is_behind(); };
  hooks.on_map = [this, &life](const MapPtr& map) {
    compare(map);
    if (options_.history != nullptr) record(map);
    life.companion->on_map(map);
  };
  hooks.on_push = [&life](NodeId from, Bytes payload) { life.companion->on_push(from, std::move(payload)); };
  hooks.on_intake = [&life](NodeId from, Bytes payload) {
    life.companion->on_intake(from, std::move(payload));
  };
  hooks.on_egress = [&life](NodeId from, Bytes payload) {
    life.companion->on_egress(from, std::move(payload));
  };
  hooks.on_verified = [&life](NodeId, Bytes payload) { life.companion->on_verified(payload); };
  life.core = std::make_unique<GridCore>(std::move(ports), std::move(self), options_.core, hooks);
  life.companion =
      options_.companion({*life.core, life.clock, *life.random, *life.port, *node.disk, executor});
  life.core->tasks().spawn(executor, "begin", begin(&life, node.first_map, &node == &*nodes_.front()));
}

Task<void> World::begin(Life* life, std::optional<Map> map, bool found) {
  auto* core = life->core.get();
  auto done = co_await core->load();
  if (done && map && !core->has_map()) {
    if (found) {
      done = co_await core->create(std::move(*map));
    } else {
      done = co_await core->adopt(std::move(*map));
    }
  }
  if (!done) {
    life->failed = done.error();
    co_return;
  }
  core->start();
  done = co_await life->companion->start();
  if (!done) life->failed = done.error();
}

void World::end_life(Node& node) {
  if (!node.life) return;
  node.paused = false;
  node.disk->on_damage({});
  node.disk->crash();
  node.life->context.crash();
  node.life->core->abandon();
  node.life->context.crash();  // what was let go of unwinds while the core still exists
  node.life->companion.reset();
  node.life->core.reset();
  node.life.reset();
}

void World::crash(std::size_t node) {
  if (!nodes_[node]->life) return;
  note({}, [&] { return nodes_[node]->name + " crashes"; });
  end_life(*nodes_[node]);
}

void World::restart(std::size_t node) {
  auto& starting = *nodes_[node];
  if (starting.life || starting.destroyed || !starting.first_map || is_removed(starting)) return;
  start_life(starting);
}

/// From the map: as the daemon does then, it ends and starts no more.
bool World::is_removed(const Node& node) const {
  const auto map = newest_map();
  return map && std::find(map->removed.begin(), map->removed.end(), node.id) != map->removed.end();
}

void World::pause(std::size_t node, bool stopped) {
  if (nodes_[node]->paused == stopped) return;
  note({}, [&] { return nodes_[node]->name + (stopped ? " is stopped" : " goes on"); });
  nodes_[node]->paused = stopped;
}

void World::slow_down(std::size_t node, Duration step) {
  note({}, [&] { return nodes_[node]->name + " needs " + std::to_string(step.count()) + " ns a step"; });
  nodes_[node]->step = step;
}

void World::fill_disk(std::size_t node, bool full) {
  note({}, [&] { return nodes_[node]->name + (full ? " has a full disk" : " has room again"); });
  nodes_[node]->disk->fill(full);
}

void World::crash_at_commit(std::size_t node, std::uint64_t n) {
  nodes_[node]->disk->crash_at(n, [this, number = node] {
    if (nodes_[number]->life) nodes_[number]->life->port->cut();
  });
}

void World::swap_disks(std::size_t one, std::size_t other) {
  crash(one);
  crash(other);
  note({}, [&] { return nodes_[one]->name + " and " + nodes_[other]->name + " have their disks swapped"; });
  auto& a = *nodes_[one];
  auto& b = *nodes_[other];
  std::swap(a.id, b.id);
  std::swap(a.key, b.key);
  std::swap(a.first_map, b.first_map);
  std::swap(a.traits, b.traits);
  std::swap(a.destroyed, b.destroyed);
  std::swap(a.disk, b.disk);
  a.disk->wakes(a.awake);
  b.disk->wakes(b.awake);
}

void World::restart_damaged(std::size_t node) {
  nodes_[node]->damaged = true;
  restart(node);
  nodes_[node]->damaged = false;
}

void World::put_back(std::size_t node, const test::MemoryStore::Image& image) {
  crash(node);
  note({}, [&] { return nodes_[node]->name + " gets an old disk"; });
  nodes_[node]->disk->restore(image);
  nodes_[node]->old_disk = true;
}

bool World::may_lack(std::size_t node) const {
  return nodes_[node]->old_disk || clock_.now() < nodes_[node]->noticed_by;
}

bool World::may_have_rotted(std::size_t node) const {
  return nodes_[node]->disk->is_rotten() || clock_.now() < nodes_[node]->noticed_by;
}

void World::destroy(std::size_t node) {
  note({}, [&] { return nodes_[node]->name + " is destroyed"; });
  end_life(*nodes_[node]);
  nodes_[node]->disk->wipe();
  nodes_[node]->destroyed = true;
}

void World::switch_off_removed() {
  for (const auto& node : nodes_) {
    if (node->life && is_removed(*node)) end_life(*node);
  }
}

void World::heal() {
  network_.faults = {};
  network_.heal();
  note({}, [] { return "everything is healed"; });
  switch_off_removed();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    pause(i, false);
    if (nodes_[i]->step > 0ns) slow_down(i, 0ns);
    if (nodes_[i]->disk->is_full()) fill_disk(i, false);
    nodes_[i]->disk->repair();
    restart(i);
  }
}

std::size_t World::number_of(NodeId id) const {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i]->id == id) return i;
  }
  return nodes_.size();
}

// --- time

bool World::poll() {
  bool any = false;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    auto& node = *nodes_[i];
    if (!node.life) {
      if (node.first_map && !node.started) restart(i);
      continue;
    }
    if (node.paused || !node.awake) continue;
    node.awake = false;
    running_ = &node;
    any |= poll(node);
    running_ = nullptr;
    if (node.life->damaged) {
      start_damaged_again(node);
    } else if (node.life->failed) {
      stop_failed(node);
    }
    if (node.disk->has_crashed()) crash(i);
  }
  return any;
}

bool World::poll(Node& node) {
  auto& context = node.life->context;
  context.restart();
  if (node.step == 0ns) return context.poll() > 0;
  if (clock_.now() < node.ready_at || context.poll_one() == 0) return false;
  node.ready_at = clock_.now() + node.step;
  clock_.call_after(
      node.step, [] {}, &node.awake);
  return true;
}

/// The disk failed, so the node stopped itself, as the daemon's process ends.
void World::stop_failed(Node& node) {
  const auto error = *node.life->failed;
  if (!node.disk->is_faulty()) throw Violation("a node stopped itself: " + error.text);
  note({}, [&] { return node.name + " stops itself: " + error.text; });
  end_life(node);
}

/// As the daemon does, which leaves behind what it cannot read.
void World::start_damaged_again(Node& node) {
  note({}, [&] { return node.name + " has read a rotten record"; });
  end_life(node);
  node.disk->salvage();
  node.noticed_by = clock_.now() + noticed_within;
  start_life(node);
}

bool World::run_for(Duration duration, const std::function<bool()>& done,
                    const std::function<void()>& check) {
  const TimePoint end = clock_.now() + duration;
  for (auto& node : nodes_) node->awake = true;  // whoever calls may have given it something to do
  for (;;) {
    while (poll()) {
    }
    if (disagreement_) throw Violation("two maps are agreed as version " + std::to_string(*disagreement_));
    if (check) check();
    if (done && done()) return true;
    if (clock_.next_alarm() > end) break;
    clock_.ring_next();
  }
  clock_.set_now(end);
  return !done;
}

}  // namespace gridmail::sim
