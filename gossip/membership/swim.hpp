// Swim: what Membership runs on its strand. Each period one member is probed, directly and then through
// others; one that no probe reaches is suspected, and declared dead if it does not refute in time. News
// travels on the probes and their answers. What Lifeguard adds (Dadgar, Phillips, Currey 2018): this node
// doubts itself first, a suspicion needs confirming to be short, and a suspect is told.
#pragma once
#include <map>
#include <mutex>
#include <optional>

#include "gossip/membership/local_health.hpp"
#include "gossip/membership/membership.hpp"
#include "gossip/membership/membership.pb.h"
#include "gossip/membership/probe_order.hpp"
#include "gossip/membership/roster.hpp"
#include "gossip/membership/rumours.hpp"
#include "gossip/membership/sealing.hpp"
#include "gossip/membership/suspicion.hpp"
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
  void set_old_disk(bool old);

  // From any thread.
  [[nodiscard]] MembershipViewPtr view() const;
  [[nodiscard]] Duration age_of(const NodeStatus& status) const { return clock_.now() - status.since; }
  [[nodiscard]] NodeId self_id() const { return self_id_; }

 private:
  struct Probe {
    std::uint64_t number = 0;
    NodeId target;
    bool answered = false;
    std::size_t helpers = 0;  // who were asked to probe, too
    std::size_t nacks = 0;    // of them
  };
  struct Relay {
    NodeId asker;
    std::string address;
    std::uint64_t number = 0;
    TimePoint until;
    TimePoint nack_at;
    bool nacked = false;
  };
  /// A suspect that this node pings until it has refuted or is dead.
  struct Check {
    std::uint64_t number = 0;
    TimePoint concludes;  // without an answer until then this node confirms the suspicion
    bool answered = false;
  };

  // Probing (swim_probing.cpp).
  void probe_next();
  void probe_indirectly();
  void conclude_probe();
  void probe_a_dead_one();
  [[nodiscard]] std::optional<NodeId> next_target();
  [[nodiscard]] std::optional<NodeId> next_in_ring() const;
  [[nodiscard]] bool stood_still(TimePoint due);
  void ping(NodeId target, const std::string& address, std::uint64_t number);
  void on_ping(NodeId from, const std::string& address, const gossip::Ping& ping);
  void on_ping_request(NodeId from, const std::string& address, const gossip::PingRequest& request);
  void on_ack(const gossip::Ack& ack);
  void send_nacks();
  [[nodiscard]] bool is_working() const { return !callbacks_.working || callbacks_.working(); }

  // Telling (swim_telling.cpp).
  void spread_news();
  void send(NodeId to, const std::string& address, gossip::SwimDatagram datagram);
  void add_rumours(NodeId to, gossip::SwimDatagram& datagram);
  [[nodiscard]] gossip::NodeRecord record_of(const NodeStatus& status) const;
  [[nodiscard]] std::string address_of(NodeId node);

  // Suspicions (swim_suspecting.cpp).
  void suspect(NodeId node);
  void heard_suspicion(const gossip::NodeRecord& record, NodeId node, bool is_new);
  void begin_suspicion(NodeId node);
  void begin_check(NodeId node);
  void go_on_checking();
  void arm_suspicions();
  void bury_the_overdue();

  // State exchange (swim_exchange.cpp).
  [[nodiscard]] Bytes digest() const;
  void exchange_with(NodeId node, bool wants_reply);
  void exchange_at_random();
  void introduce();

  // News (swim.cpp).
  void hear(const gossip::NodeRecord& record);
  void hear_of_self(const NodeStatus& rumour);
  void notice_outdated(NodeId node, std::uint64_t incarnation);
  void watch_for_duplicates(NodeId node, const std::string& address);
  void notice_duplicate_of_self();
  void forget_duplicate_of_self();
  void notice_newer_map(const NodeStatus& rumour);
  void changed(NodeId node);
  void publish(bool figures = false);

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
  ProbeOrder old_news_;
  std::map<std::uint64_t, Relay> relays_;       // by the number of our ping
  std::map<NodeId, std::size_t> next_address_;  // of nodes with several
  std::map<NodeId, Suspicion> suspicions_;
  std::map<NodeId, Check> checks_;
  NodeSet outdated_;  // who say less of themselves than is known
  LocalHealth health_;
  bool ring_turn_ = false;
  TimePoint probe_due_;
  TimePoint suspicion_due_;
  TimePoint check_due_;
  TimePoint started_;
  TimePoint duplicate_until_;
  TimePoint awake_since_;  // this node stood still until then
  StrandTimer probe_timer_;
  StrandTimer indirect_timer_;
  StrandTimer dead_timer_;
  StrandTimer gossip_timer_;  // set while there is news
  StrandTimer suspicion_timer_;
  StrandTimer check_timer_;  // set while there are checks
  StrandTimer relay_timer_;
  StrandTimer exchange_timer_;

  std::vector<NodeId> changed_;  // in this event
  bool figures_changed_ = false;
  mutable std::mutex mutex_;
  MembershipViewPtr view_;  // guarded by mutex_
};

}  // namespace gridmail
