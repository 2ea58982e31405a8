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
#include "tests/simulator/history.hpp"
#include "tests/simulator/sim_clock.hpp"
#include "tests/simulator/sim_context.hpp"
#include "tests/simulator/sim_port.hpp"
#include "tests/support/lossy_network.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/virtual_clock.hpp"

namespace gridmail::sim {

/// What an admin says of a node that joins.
struct NodeTraits {
  std::string zone = {};
  std::uint32_t weight = 100;
};

struct WorldOptions {
  std::uint64_t seed = 0;
  std::vector<NodeTraits> nodes;  ///< at the beginning
  std::uint32_t slots = 4;
  GridSettings grid;
  GridCoreSettings core;
  test::NetworkFaults network;
  test::MemoryStore::Options disks;
  double drift_max = 0;  ///< of the nodes' boot clocks, either way: 0.01 is a hundredth
  MakeCompanion companion;
  Tamper tamper;               ///< with what nodes send
  History* history = nullptr;  ///< told of everything, when there is one
  WorldOptions();
};

class World {
 public:
  explicit World(WorldOptions options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Nodes are numbered from 0 and keep their number for ever. The first one founds the grid, the others join
  /// it; throws when it is not let in within a minute.
  std::size_t add_node(NodeTraits traits = {});
  /// It asks to be let in until it is, and starts then.
  std::size_t begin_to_add(NodeTraits traits);
  void crash(std::size_t node);
  void restart(std::size_t node);
  /// A record on this disk is rotten, or was, and others may not have noticed yet that the copy lacks it.
  [[nodiscard]] bool may_have_rotted(std::size_t node) const;
  /// Its store says that the disk was damaged: something acknowledged may be missing there.
  void restart_damaged(std::size_t node);
  /// It crashes and finds the disk as it was when this image was taken.
  void put_back(std::size_t node, const test::MemoryStore::Image& image);
  /// That was just now: nobody may have noticed yet that it lacks something.
  [[nodiscard]] bool may_lack(std::size_t node) const;
  /// Stops the node's processor, as SIGSTOP does, or lets it go on: messages and alarms wait meanwhile.
  void pause(std::size_t node, bool stopped);
  /// From now on each of the node's steps takes this long.
  void slow_down(std::size_t node, Duration step);
  /// Both crash and find each other's disk, and with it each other's identity.
  void swap_disks(std::size_t one, std::size_t other);
  /// Its disk is gone with it: it can only come back as a new node.
  void destroy(std::size_t node);
  /// The disk has no space left but what is kept for deletions.
  void fill_disk(std::size_t node, bool full);
  /// The node crashes at its n-th commit from now on, which may or may not be on disk then.
  void crash_at_commit(std::size_t node, std::uint64_t n);
  [[nodiscard]] bool is_up(std::size_t node) const { return nodes_[node]->life != nullptr; }
  [[nodiscard]] bool is_paused(std::size_t node) const { return nodes_[node]->paused; }
  [[nodiscard]] bool is_destroyed(std::size_t node) const { return nodes_[node]->destroyed; }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] NodeId id(std::size_t node) const { return nodes_[node]->id; }
  /// size() for a node that there is not.
  [[nodiscard]] std::size_t number_of(NodeId id) const;
  [[nodiscard]] GridCore& core(std::size_t node) { return *nodes_[node]->life->core; }
  /// What options().companion made for this life of the node.
  [[nodiscard]] Companion& companion(std::size_t node) { return *nodes_[node]->life->companion; }
  [[nodiscard]] SimClock& clock_of(std::size_t node) { return nodes_[node]->life->clock; }
  [[nodiscard]] asio::any_io_executor executor(std::size_t node) {
    return nodes_[node]->life->context.get_executor();
  }
  [[nodiscard]] test::MemoryStore& disk(std::size_t node) { return *nodes_[node]->disk; }
  [[nodiscard]] test::LossyNetwork& network() { return network_; }
  [[nodiscard]] Random& chance() { return random_; }
  [[nodiscard]] test::VirtualClock& clock() { return clock_; }
  [[nodiscard]] const WorldOptions& options() const { return options_; }

  /// Runs to the end of `duration`, or until `done` holds; returns whether it did. `check` is called after
  /// every event.
  bool run_for(Duration duration, const std::function<bool()>& done, const std::function<void()>& check);
  bool run_for(Duration duration, const std::function<bool()>& done = {}) {
    return run_for(duration, done, {});
  }
  /// Everything that was broken on purpose works again; nodes that are down start.
  void heal();
  /// Those that are members no more: the others do not talk to them.
  void switch_off_removed();
  /// A change of the map, through some live node; it may come to nothing.
  void propose(MapChange change, const std::function<void(const Map&)>& agreed = {});
  /// The newest map that any live node has.
  [[nodiscard]] MapPtr newest_map() const;
  /// Every slot has all its copies in sync on live nodes, and a primary that has opened.
  [[nodiscard]] bool is_whole() const;
  /// Every node holds its fair share of the copies, and is primary of its share, but for what whole numbers
  /// cannot express. Where zones or weights of 0 leave little choice, nothing is demanded.
  void check_balance() const;
  /// As many voters as this many nodes should have, and no change of them under way.
  [[nodiscard]] bool has_its_voters() const;
  /// Everything survives the loss of this node's disk: another in-sync copy of each of its slots is there,
  /// as the newest map of all says, and more than half of the voters remain.
  [[nodiscard]] bool may_destroy(std::size_t node) const;
  /// As before, but it may hold the last in-sync copy: what the others hold makes a whole between them, as no
  /// other loss is left to be mended.
  [[nodiscard]] bool may_destroy_last_copies(std::size_t node) const;
  /// All in-sync copies hold the same, byte for byte. To be asked when nothing is under way.
  void check_copies_equal(const std::function<void()>& check);
  /// What the slots look like, for the report of a failing seed.
  [[nodiscard]] std::string describe() const;
  /// For the history of a run that is recorded.
  void note(Subject subject, const std::function<std::string()>& what);

 private:
  struct Life {
    Life(test::VirtualClock& world, Duration booted_before, double rate, bool& awake)
        : clock(world, booted_before, rate, awake) {}
    SimContext context;
    SimClock clock;
    std::unique_ptr<SimPort> port;
    std::unique_ptr<SeededRandom> random;
    std::unique_ptr<GridCore> core;
    std::unique_ptr<Companion> companion;
    std::optional<Error> failed;  ///< it stops itself
    bool damaged = false;         ///< it has read a rotten record: it starts again
  };
  struct Node {
    NodeId id;
    Bytes key;
    std::string name;
    NodeTraits traits;
    bool sends_mail = true;        ///< elsewhere
    std::optional<Map> first_map;  ///< what it was given when it was let in
    std::unique_ptr<test::MemoryStore> disk;
    std::unique_ptr<Life> life;
    bool started = false;
    bool destroyed = false;
    bool paused = false;
    bool awake = true;       ///< something may be ready to run
    bool old_disk = false;   ///< finds it when it starts
    TimePoint noticed_by{};  ///< that it did
    bool damaged = false;    ///< the store says so, in the life that starts
    double rate = 1.0;
    Duration step{0};      ///< of a slow node
    TimePoint ready_at{};  ///< of a slow node, for the next step
  };
  [[nodiscard]] Member member(const Node& node) const;
  void ask_to_join(Node& node);
  void start_life(Node& node);
  void end_life(Node& node);
  void stop_failed(Node& node);
  void start_damaged_again(Node& node);
  [[nodiscard]] bool is_removed(const Node& node) const;
  bool poll();
  bool poll(Node& node);
  [[nodiscard]] std::string difference_of_copies() const;
  [[nodiscard]] bool knows_newest_map() const;
  [[nodiscard]] bool keeps_majority_without(const NodeSet& voters, std::size_t node) const;
  [[nodiscard]] std::string describe(const SlotRow& row) const;
  [[nodiscard]] std::string list(const NodeSet& nodes) const;
  void record(const MapPtr& map);
  void compare(const MapPtr& map);
  void record_log();
  static Task<void> begin(Life* life, std::optional<Map> map, bool found);

  WorldOptions options_;
  SeededRandom random_;
  test::VirtualClock clock_;
  test::LossyNetwork network_;
  std::vector<std::unique_ptr<Node>> nodes_;
  const Node* running_ = nullptr;           ///< whose step this is
  MapPtr recorded_;                         ///< the newest map that the history was told of
  std::map<MapVersion, MapPtr> agreed_;     ///< as the first node that took it in has it
  std::optional<MapVersion> disagreement_;  ///< of which there are two
};

}  // namespace gridmail::sim
