// The Network port between nodes of one test: it loses, delays, reorders, duplicates and partitions. One
// thread, on virtual time.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "node/base/network.hpp"
#include "node/base/random.hpp"
#include "tests/support/virtual_clock.hpp"

namespace gridmail::test {

/// Delays are drawn for each message alone, so messages overtake one another.
struct NetworkFaults {
  double loss = 0;
  double duplicates = 0;
  Duration delay_min = std::chrono::microseconds(100);
  Duration delay_max = std::chrono::milliseconds(2);
};

class LossyNetwork {
 public:
  LossyNetwork(VirtualClock& clock, Random& random) : clock_(clock), random_(random) {}

  NetworkFaults faults;

  /// A node's Network port, for one life of the node: destroying it is the node's crash. What is under way to
  /// it then reaches the next life, if there is one in time.
  [[nodiscard]] std::unique_ptr<Network> attach(NodeId node, std::string address) {
    return std::make_unique<Port>(*this, node, std::move(address));
  }
  /// Loses everything from one node to the other from now on, also what is under way.
  void block(NodeId from, NodeId to) { blocked_.insert({from, to}); }
  void unblock(NodeId from, NodeId to) { blocked_.erase({from, to}); }
  /// Nodes of different groups no longer reach each other.
  void partition(const std::vector<std::vector<NodeId>>& groups) {
    for (const auto& one : groups)
      for (const auto& other : groups)
        if (&one != &other)
          for (const auto& from : one)
            for (const auto& to : other) block(from, to);
  }
  void heal() { blocked_.clear(); }
  [[nodiscard]] std::uint64_t messages() const { return messages_; }

 private:
  class Port final : public Network {
   public:
    Port(LossyNetwork& world, NodeId node, std::string address)
        : world_(world), node_(node), address_(std::move(address)) {
      world_.ports_[node_] = this;
      world_.addresses_[address_] = node_;
    }
    ~Port() override {
      if (world_.ports_[node_] == this) world_.ports_.erase(node_);
    }
    void send(NodeId to, Channel, std::uint16_t kind, Bytes payload) override {
      world_.carry(node_, to, [from = node_, kind, payload = std::move(payload)](Port& port) {
        if (port.message_) port.message_(from, kind, payload);
      });
    }
    void send_datagram(const std::string& address, Bytes payload) override {
      const auto to = world_.addresses_.find(address);
      if (to == world_.addresses_.end() || payload.size() > 1200) return;
      world_.carry(node_, to->second, [from = address_, payload = std::move(payload)](Port& port) {
        if (port.datagram_) port.datagram_(from, payload);
      });
    }
    void on_message(OnMessage handler) override { message_ = std::move(handler); }
    void on_datagram(OnDatagram handler) override { datagram_ = std::move(handler); }

   private:
    LossyNetwork& world_;
    NodeId node_;
    std::string address_;
    OnMessage message_;
    OnDatagram datagram_;
  };
  using Deliver = std::function<void(Port&)>;

  void carry(NodeId from, NodeId to, const Deliver& deliver) {
    ++messages_;
    if (from == to) return schedule(from, to, deliver);
    if (random_.chance(faults.loss)) return;
    schedule(from, to, deliver);
    if (random_.chance(faults.duplicates)) schedule(from, to, deliver);
  }
  void schedule(NodeId from, NodeId to, const Deliver& deliver) {
    const auto range = static_cast<std::uint64_t>((faults.delay_max - faults.delay_min).count()) + 1;
    const auto delay = faults.delay_min + Duration(static_cast<std::int64_t>(random_.below(range)));
    clock_.call_after(delay, [this, from, to, deliver] {
      const auto port = ports_.find(to);
      if (port != ports_.end() && !blocked_.contains({from, to})) deliver(*port->second);
    });
  }

  VirtualClock& clock_;
  Random& random_;
  std::map<NodeId, Port*> ports_;
  std::map<std::string, NodeId> addresses_;
  std::set<std::pair<NodeId, NodeId>> blocked_;
  std::uint64_t messages_ = 0;
};

}  // namespace gridmail::test
