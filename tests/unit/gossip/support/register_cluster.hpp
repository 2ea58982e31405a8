// Registers of a whole grid on virtual time: nodes crash, restart, lose messages; what is chosen is watched.
#pragma once
#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "gossip/disk_marks.pb.h"
#include "gossip/message_kind.hpp"
#include "gossip/register/map_delta.hpp"
#include "gossip/register/map_register.hpp"
#include "gossip/register/register.pb.h"
#include "tests/support/lossy_network.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/virtual_clock.hpp"
#include "tests/unit/gossip/support/sample_map.hpp"

namespace gridmail::test {

/// A promise of the register was broken.
struct RegisterViolation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws when two different maps of one version, or two different rows of one slot and epoch, were chosen.
class HistoryChecker {
 public:
  void saw(const Map& map) {
    const auto [at, is_new] = versions_.emplace(map.version, map);
    if (!is_new) {
      if (at->second != map) {
        throw RegisterViolation("two maps were chosen as version " + std::to_string(map.version));
      }
      return;
    }
    for (SlotId slot = 0; slot < map.rows.size(); ++slot) {
      const auto& row = map.rows[slot];
      const auto [known, first] = rows_.emplace(std::pair(slot, row.epoch), row);
      if (!first && !(known->second == row)) {
        throw RegisterViolation("slot " + std::to_string(slot) + " has two rows of one epoch");
      }
    }
    check_neighbours(at);
  }
  [[nodiscard]] std::size_t versions() const { return versions_.size(); }
  [[nodiscard]] const Map* find(MapVersion version) const {
    const auto at = versions_.find(version);
    return at == versions_.end() ? nullptr : &at->second;
  }

 private:
  using Versions = std::map<MapVersion, Map>;
  void check_neighbours(Versions::iterator at) const {
    if (at != versions_.begin()) check_order(std::prev(at)->second, at->second);
    if (std::next(at) != versions_.end()) check_order(at->second, std::next(at)->second);
  }
  static void check_order(const Map& before, const Map& after) {
    for (SlotId slot = 0; slot < before.rows.size(); ++slot) {
      if (before.rows[slot].epoch > after.rows[slot].epoch) throw RegisterViolation("an epoch went back");
    }
  }
  Versions versions_;
  std::map<std::pair<SlotId, Epoch>, SlotRow> rows_;
};

class RegisterCluster {
 public:
  struct Node {
    NodeId id;
    std::string address;
    std::unique_ptr<MemoryStore> disk;
    // One life:
    std::unique_ptr<Network> port;
    std::unique_ptr<DiskMarks> marks;
    std::unique_ptr<MapRegister> service;
    [[nodiscard]] bool up() const { return service != nullptr; }
  };

  explicit RegisterCluster(std::uint64_t seed) : random(seed), network(clock, random) {}
  ~RegisterCluster() {
    for (auto& node : nodes) crash(node);
  }

  /// A grid of `members` nodes, all of which know version 1 and up; node 1 is the first.
  void create(unsigned members, std::uint32_t slots = 4) {
    tell_marks();
    for (unsigned i = 1; i <= members; ++i) add_node(i);
    for (auto& node : nodes) start(node);
    Map map = create_map(member(1), slots, Bytes(16, 'g'), {});
    map.keys.ring = keys;
    REQUIRE(run(nodes[0].service->create(map)));
    for (unsigned i = 2; i <= members; ++i) {
      MapChange change;
      change.members.push_back({member(i)});
      const auto agreed = propose(nodes[0], change);
      REQUIRE(agreed);
      REQUIRE(run(nodes[i - 1].service->adopt(**agreed)));
    }
  }
  Node& add_node(unsigned number) {
    Node n;
    n.id = node(number);
    n.address = "n" + std::to_string(number) + ":7000";
    n.disk = std::make_unique<MemoryStore>(clock, random, disks);
    nodes.push_back(std::move(n));
    return nodes.back();
  }
  void start(Node& n) {
    n.port = network.attach(n.id, n.address);
    MapRegister::Callbacks callbacks;
    callbacks.on_map = [this](const MapPtr& map) { history.saw(*map); };
    callbacks.is_alive = [this](NodeId id) { return seems_alive(id); };
    callbacks.dead_for_long = [this] { return dead_for_long; };
    callbacks.on_old_disk = [this, id = n.id](bool old) { old ? old_disks.insert(id) : old_disks.erase(id); };
    callbacks.old_disks = [this] { return old_disks; };
    callbacks.behind = [this](MapVersion version) { return behind(version); };
    n.marks = std::make_unique<DiskMarks>(*n.disk);
    REQUIRE(run(n.marks->load(clock.wall(), random, false)));
    n.service = std::make_unique<MapRegister>(context.get_executor(), clock, random, *n.port, *n.disk,
                                              *n.marks, n.id, callbacks, settings);
    n.port->on_message([this, id = n.id, marks = n.marks.get(), service = n.service.get()](
                           NodeId from, std::uint16_t kind, Bytes payload) {
      if (kind == static_cast<std::uint16_t>(MessageKind::lease)) return hear_marks(*marks, from, payload);
      REQUIRE(kind == static_cast<std::uint16_t>(MessageKind::register_call));
      if (!lets_through(from, id, payload)) return;
      service->on_message(from, std::move(payload));
    });
    REQUIRE(run(n.service->load()));
    n.service->start();
  }
  void crash(Node& n) {
    if (!n.up()) return;
    n.service.reset();
    context.restart();
    context.poll();  // what was ready still runs, and may send; the node is gone after it
    n.port.reset();
    n.marks.reset();
    n.disk->crash();
  }

  void propose(Node& n, MapChange change, MapRegister::Done done) {
    n.service->propose(std::move(change), std::move(done));
  }
  Result<MapPtr> propose(Node& n, MapChange change, Duration longest = std::chrono::seconds(20)) {
    auto result = std::make_shared<std::optional<Result<MapPtr>>>();
    propose(n, std::move(change), [result](Result<MapPtr> r) { *result = std::move(r); });
    run_for(context, clock, longest, [&] { return result->has_value(); });
    if (!*result) return fail(Errc::timed_out, "no answer at all");
    return **result;
  }
  /// Runs a coroutine to its end.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    asio::co_spawn(context, std::move(task), [&](std::exception_ptr error, T value) {
      if (error) std::rethrow_exception(error);
      result = std::move(value);
    });
    run_for(context, clock, std::chrono::seconds(10), [&] { return result.has_value(); });
    REQUIRE(result);
    return std::move(*result);
  }
  void pass(Duration duration) { run_for(context, clock, duration); }

  Node* find(NodeId id) {
    for (auto& n : nodes)
      if (n.id == id) return &n;
    return nullptr;
  }

  VirtualClock clock;
  SeededRandom random;
  LossyNetwork network;
  asio::io_context context;
  RegisterSettings settings;
  MemoryStore::Options disks;
  std::vector<Node> nodes;
  NodeSet dead_for_long;
  NodeSet old_disks;
  KeyRing keys{{Bytes(gossip_key_bytes, 'k')}};  ///< of the first map
  std::function<NodeSet(MapVersion)> behind = [](MapVersion) { return NodeSet(); };
  std::function<bool(NodeId from, NodeId to, const gossip::RegisterMessage&)> drops;
  double pushes_lost = 0;  ///< so nodes go on with old maps
  std::size_t pushed_whole = 0;
  /// Wrong at times, as gossip is.
  std::function<bool(NodeId)> seems_alive = [this](NodeId id) {
    return find(id) != nullptr && find(id)->up();
  };
  HistoryChecker history;

 private:
  /// As the requests for leases do.
  void tell_marks() {
    const auto put = [](gossip::DiskRecord& record, DiskMarks::Mark mark) {
      record.add_marks()->set_start(mark.start);
      record.mutable_marks()->rbegin()->set_chance(mark.chance);
    };
    for (const auto& from : nodes) {
      if (!from.up()) continue;
      for (const auto& to : nodes) {
        if (to.id == from.id) continue;
        gossip::DiskRecord record;
        put(record, from.marks->newest());
        put(record, from.marks->remembered(to.id).value_or(DiskMarks::Mark{}));
        put(record, from.marks->checked(to.id).value_or(DiskMarks::Mark{}));
        from.port->send(to.id, Channel::control, static_cast<std::uint16_t>(MessageKind::lease),
                        record.SerializeAsString());
      }
    }
    tell_marks_ = clock.call_at(clock.now() + std::chrono::milliseconds(200), [this] { tell_marks(); });
  }
  static void hear_marks(DiskMarks& marks, NodeId from, const Bytes& payload) {
    gossip::DiskRecord record;
    REQUIRE(record.ParseFromString(payload));
    const auto mark = [&](int i) {
      return DiskMarks::Mark{record.marks(i).start(), record.marks(i).chance()};
    };
    const auto some = [&](int i) {
      return mark(i) == DiskMarks::Mark{} ? std::nullopt : std::optional(mark(i));
    };
    (void)marks.on_memory(from, some(1));
    (void)marks.on_mark(from, mark(0), some(2));
  }
  std::unique_ptr<Clock::Alarm> tell_marks_;

  /// Whatever is pushed was chosen.
  [[nodiscard]] bool lets_through(NodeId from, NodeId to, const Bytes& payload) {
    gossip::RegisterMessage message;
    REQUIRE(message.ParseFromString(payload));
    if (drops && drops(from, to, message)) return false;
    if (!message.has_push()) return true;
    const auto& push = message.push();
    if (push.has_delta()) {
      const auto* base = history.find(push.delta().base());
      if (base != nullptr) {
        const auto map = apply_delta(*base, push.delta());
        if (map) history.saw(*map->map);
      }
    } else {
      ++pushed_whole;
      const auto map = decode_map(push.map());
      REQUIRE(map);
      history.saw(*map);
    }
    return !random.chance(pushes_lost);
  }
};

}  // namespace gridmail::test
