// Memberships of a whole grid on virtual time.
#pragma once
#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "gossip/membership/membership.hpp"
#include "gossip/message_kind.hpp"
#include "tests/support/lossy_network.hpp"
#include "tests/support/virtual_clock.hpp"
#include "tests/unit/gossip/support/sample_map.hpp"

namespace gridmail::test {

class SwimCluster {
 public:
  struct Node {
    NodeId id;
    std::string address;
    bool working = true;
    std::vector<NodeStatus> changes;
    std::vector<std::pair<NodeId, MapVersion>> newer_maps;
    std::unique_ptr<Network> port;
    std::unique_ptr<Membership> membership;
  };

  SwimCluster(std::uint64_t seed, unsigned members) : random(seed), network(clock, random) {
    keys.keys = {draw_gossip_key(random)};
    Map first = single();
    for (unsigned i = 2; i <= members; ++i) first = with_member(first, member(i));
    map = std::make_shared<const Map>(first);
    for (unsigned i = 1; i <= members; ++i) {
      auto n = std::make_unique<Node>();
      n->id = node(i);
      n->address = "n" + std::to_string(i) + ":7000";
      nodes.push_back(std::move(n));
      start(*nodes.back());
    }
  }
  ~SwimCluster() {
    for (auto& n : nodes) crash(*n);
  }

  void start(Node& n) {
    n.port = network.attach(n.id, n.address);
    Membership::Callbacks callbacks;
    callbacks.on_change = [&n](const NodeStatus& status) { n.changes.push_back(status); };
    callbacks.on_newer_map = [&n](NodeId id, MapVersion version) { n.newer_maps.emplace_back(id, version); };
    callbacks.working = [&n] { return n.working; };
    Membership::Self self{n.id, n.address.substr(0, n.address.find(':')), {n.address}, "1.0"};
    n.membership =
        std::make_unique<Membership>(context.get_executor(), clock, random, *n.port, self, keys, callbacks);
    n.port->on_message([&n](NodeId from, std::uint16_t kind, Bytes payload) {
      REQUIRE(kind == static_cast<std::uint16_t>(MessageKind::membership_state));
      n.membership->on_message(from, std::move(payload));
    });
    n.port->on_datagram([&n](std::string from, Bytes payload) {
      n.membership->on_datagram(std::move(from), std::move(payload));
    });
    n.membership->set_mapped_members(map);
    n.membership->start();
  }
  void crash(Node& n) {
    n.membership.reset();
    context.restart();
    context.poll();
    n.port.reset();
  }
  void pass(Duration duration) { run_for(context, clock, duration); }
  Node& at(unsigned number) { return *nodes[number - 1]; }
  [[nodiscard]] Liveness state_of(unsigned subject, unsigned observer) {
    return at(observer).membership->view()->at(node(subject)).state;
  }
  /// Whether every node that runs believes so.
  [[nodiscard]] bool all_see(unsigned subject, Liveness state) {
    for (unsigned i = 1; i <= nodes.size(); ++i) {
      if (i != subject && at(i).membership && state_of(subject, i) != state) return false;
    }
    return true;
  }
  bool until(Duration longest, const std::function<bool()>& done) {
    return run_for(context, clock, longest, done);
  }

  VirtualClock clock;
  SeededRandom random;
  LossyNetwork network;
  asio::io_context context;
  KeyRing keys;
  MapPtr map;
  std::vector<std::unique_ptr<Node>> nodes;
};

}  // namespace gridmail::test
