// Swim: what Membership runs on its strand. Each period one member is probed, directly and then through
// others; one that no probe reaches is suspected, and declared dead if it does not refute in time. News
// travels on the probes and their answers.
#pragma once
#include <map>
#include <mutex>
#include <optional>

#include "gossip/membership/membership.hpp"
#include "gossip/membership/membership.pb.h"
#include "gossip/membership/probe_order.hpp"
#include "gossip/membership/roster.hpp"
#include "gossip/membership/rumours.hpp"
#include "gossip/membership/sealing.hpp"
#include "gossip/strand_timer.hpp"

namespace gridmail {

class Swim {
 public:
  Swim(asio::any_io_executor strand, Clock& clock, Random& random, Network& network, Membership::Self self,
       KeyRing keys, Membership::Callbacks callbacks, SwimSettings settings);

  // On the strand.
  void start();
  void stop();
  void on_datagram(const std::string& address, const Bytes& payload);
  void on_message(NodeId from, const Bytes& payload);
  void set_mapped_members(const MapPtr& map);
  void set_load(double load, std::uint64_t disk_free_bytes);
  void set_keys(KeyRing keys) { sealer_.set_keys(std::move(keys)); }

  // From any thread.
  [[nodiscard]] MembershipViewPtr view() const;
  [[nodiscard]] Duration age_of(const NodeStatus& status) const { return clock_.now() - status.since; }
  [[nodiscard]] NodeId self_id() const { return self_id_; }

 private:
  struct Probe {
    std::uint64_t number = 0;
    NodeId target;
    bool answered = false;
  };
  struct Relay {
    NodeId asker;
    std::string address;
    std::uint64_t number = 0;
    TimePoint until;
  };

  // Probing (swim_probing.cpp).
  void probe_next();
  void probe_indirectly();
  void conclude_probe();
  void probe_a_dead_one();
  void ping(NodeId target, const std::string& address, std::uint64_t number);
  void on_ping(NodeId from, const std::string& address, const gossip::Ping& ping);
  void on_ping_request(NodeId from, const std::string& address, const gossip::PingRequest& request);
  void on_ack(const gossip::Ack& ack);
  void spread_news();
  void send(NodeId to, const std::string& address, gossip::SwimDatagram datagram);
  void add_rumours(NodeId to, gossip::SwimDatagram& datagram);
  [[nodiscard]] std::string address_of(NodeId node);
  [[nodiscard]] bool is_working() const { return !callbacks_.working || callbacks_.working(); }

  // News (swim.cpp).
  void hear(const gossip::NodeRecord& record);
  void hear_of_self(const NodeStatus& rumour);
  void notice_newer_map(const NodeStatus& rumour);
  void suspect(NodeId node);
  void tell_suspect(NodeId node);
  void arm_suspicions();
  void bury_the_overdue();
  void changed(NodeId node);
  void publish();
  void exchange_with(NodeId node, bool wants_reply);
  void exchange_at_random();
  void introduce();

  asio::any_io_executor strand_;
  Clock& clock_;
  Random& random_;
  Network& network_;
  NodeId self_id_;
  Membership::Callbacks callbacks_;
  SwimSettings settings_;
  bool running_ = false;

  Roster roster_;
  Rumours rumours_;
  DatagramSealer sealer_;
  MapVersion told_version_ = 0;  // the newest one on_newer_map was called with
  TimePoint told_at_;

  std::uint64_t last_number_;
  std::optional<Probe> probe_;
  ProbeOrder order_;
  ProbeOrder dead_order_;
  std::map<std::uint64_t, Relay> relays_;       // by the number of our ping
  std::map<NodeId, std::size_t> next_address_;  // of nodes with several
  std::map<NodeId, TimePoint> suspicions_;      // when each ends
  StrandTimer probe_timer_;
  StrandTimer indirect_timer_;
  StrandTimer dead_timer_;
  StrandTimer gossip_timer_;  // set while there is news
  StrandTimer suspicion_timer_;
  StrandTimer exchange_timer_;

  std::vector<NodeId> changed_;  // in this event
  bool figures_changed_ = false;
  mutable std::mutex mutex_;
  MembershipViewPtr view_;  // guarded by mutex_
};

}  // namespace gridmail
