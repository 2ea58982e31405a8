// GossipGrid: the memberships of a whole grid in one thread under a seed, without what else nodes do: for
// figures over days and hundreds of nodes. Nodes crash, and stand still as a stopped process does.
#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "gossip/membership/membership.hpp"
#include "tests/simulator/sim_context.hpp"
#include "tests/simulator/sim_port.hpp"
#include "tests/support/lossy_network.hpp"
#include "tests/support/virtual_clock.hpp"

namespace gridmail::sim {

struct GossipTraffic {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;  ///< as handed to the network: sealed, without headers of UDP, TCP and TLS
};

class GossipGrid {
 public:
  GossipGrid(std::uint64_t seed, std::size_t members);
  ~GossipGrid();

  void crash(std::size_t node);
  /// Stops the node's processor or lets it go on: messages and alarms wait meanwhile.
  void pause(std::size_t node, bool stopped);
  /// Runs to the end of `duration`, or until `done` holds; returns whether it did.
  bool run_for(Duration duration, const std::function<bool()>& done = {});

  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] bool is_up(std::size_t node) const;
  /// Every node that runs believes this one dead.
  [[nodiscard]] bool all_see_dead(std::size_t node) const;
  /// All that the nodes have sent so far.
  [[nodiscard]] const GossipTraffic& traffic() const { return traffic_; }
  /// How often a node that runs was declared dead, by whomever; and how often it was suspected.
  [[nodiscard]] std::size_t false_deaths() const { return false_deaths_; }
  [[nodiscard]] std::size_t false_suspicions() const { return false_suspicions_; }

  test::VirtualClock clock;
  SeededRandom random;
  test::LossyNetwork network;

 private:
  struct Node;
  void start(Node& node, std::size_t number, const MapPtr& map);
  void heard(const NodeStatus& status);
  void poll();

  KeyRing keys_;
  GossipTraffic traffic_;
  std::size_t false_deaths_ = 0;
  std::size_t false_suspicions_ = 0;
  std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace gridmail::sim
