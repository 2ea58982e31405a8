// World: a whole grid in one thread under one seed: virtual time, a faulty network, disks that forget what
// was not synced, nodes that crash. The nodes run the same GridCore as the daemon.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/grid/grid_core.hpp"
#include "tests/simulator/checkers.hpp"
#include "tests/simulator/companion.hpp"
#include "tests/simulator/ledger.hpp"
#include "tests/simulator/sim_context.hpp"
#include "tests/simulator/sim_port.hpp"
#include "tests/support/lossy_network.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/virtual_clock.hpp"

namespace gridmail::sim {

struct WorldOptions {
  std::uint32_t slots = 4;
  GridSettings grid;
  GridCoreSettings core;
  test::NetworkFaults network;
  MakeCompanion companion;  ///< what runs on each node's core; empty: the ledger
  WorldOptions();
};

class World {
 public:
  World(std::uint64_t seed, WorldOptions options);
  ~World();

  /// Nodes are numbered from 0 and keep their number for ever. The first one founds the grid, the others join
  /// it.
  std::size_t add_node();
  void crash(std::size_t node);
  void restart(std::size_t node);
  /// Stops the node's processor, as SIGSTOP does, or lets it go on: messages and alarms wait meanwhile.
  void pause(std::size_t node, bool stopped) { nodes_[node]->paused = stopped; }
  /// Its disk is gone with it: it can only come back as a new node.
  void destroy(std::size_t node);
  [[nodiscard]] bool is_up(std::size_t node) const { return nodes_[node]->life != nullptr; }
  [[nodiscard]] bool is_destroyed(std::size_t node) const { return nodes_[node]->destroyed; }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] NodeId id(std::size_t node) const { return nodes_[node]->id; }
  [[nodiscard]] std::size_t number_of(NodeId id) const;
  [[nodiscard]] GridCore& core(std::size_t node) { return *nodes_[node]->life->core; }
  /// What options().companion made for this life of the node.
  [[nodiscard]] Companion& companion(std::size_t node) { return *nodes_[node]->life->companion; }
  [[nodiscard]] asio::any_io_executor executor(std::size_t node) {
    return nodes_[node]->life->context.get_executor();
  }
  [[nodiscard]] test::MemoryStore& disk(std::size_t node) { return *nodes_[node]->disk; }
  [[nodiscard]] test::LossyNetwork& network() { return network_; }
  [[nodiscard]] Random& chance() { return random_; }
  [[nodiscard]] test::VirtualClock& clock() { return clock_; }
  [[nodiscard]] Promises& promises() { return promises_; }
  [[nodiscard]] const WorldOptions& options() const { return options_; }

  /// Runs to the end of `duration`, or until `done` holds; returns whether it did.
  bool run_for(Duration duration, const std::function<bool()>& done = {});
  /// One append, or one read, by a client of this front: retried there until it is answered or the front
  /// dies.
  void start_append(std::size_t front, SlotId slot);
  void start_read(std::size_t front, SlotId slot);
  /// The newest map that any live node has.
  [[nodiscard]] MapPtr newest_map() const;
  /// Every slot has all its copies in sync on live nodes, and a primary that has opened.
  [[nodiscard]] bool is_whole() const;
  /// As many voters as this many nodes should have, and no change of them under way.
  [[nodiscard]] bool has_its_voters() const;
  /// No slot has lost its last in-sync copy for good by the loss of this node's disk.
  [[nodiscard]] bool may_destroy(std::size_t node) const;
  /// All in-sync copies hold the same, byte for byte. To be asked when nothing is under way.
  void check_copies_equal() const;
  /// Reads every slot through some live node and compares it with everything ever acknowledged or shown.
  void check_everything_readable();
  /// Clients' operations that have not ended.
  [[nodiscard]] std::size_t under_way() const { return under_way_; }
  /// What the slots look like, for the report of a failing seed.
  [[nodiscard]] std::string describe() const;

 private:
  struct Life {
    SimContext context;
    std::unique_ptr<SimPort> port;
    std::unique_ptr<SeededRandom> random;
    std::unique_ptr<LedgerService> ledger;
    std::unique_ptr<GridCore> core;
    std::unique_ptr<Companion> companion;
  };
  struct Node {
    NodeId id;
    Bytes key;
    std::string name;
    std::unique_ptr<test::MemoryStore> disk;
    std::unique_ptr<Life> life;
    bool destroyed = false;
    bool paused = false;
  };
  void start_life(Node& node, std::optional<Map> found_or_adopt, bool found);
  void end_life(Node& node);
  bool poll();
  void committed(const Node& node, SlotId slot, Epoch epoch, std::uint64_t number, Guid guid);
  static Task<void> begin(Life* life, std::optional<Map> map, bool found);
  static Task<void> append(World* world, GridCore* core, SlotId slot, Guid guid);
  static Task<void> read(World* world, GridCore* core, SlotId slot, std::map<std::uint64_t, Guid> known,
                         bool* done);

  WorldOptions options_;
  SeededRandom random_;
  test::VirtualClock clock_;
  test::LossyNetwork network_;
  std::vector<std::unique_ptr<Node>> nodes_;
  Promises promises_;
  std::size_t under_way_ = 0;
};

}  // namespace gridmail::sim
