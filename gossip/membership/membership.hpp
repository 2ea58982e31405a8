// Membership: SWIM (Das, Gupta, Motivala 2002) with suspicion and refutation, over sealed datagrams, with a
// push-pull state exchange over the control channel. It says who seems alive, where, and with which map; it
// decides nothing.
//
// One state machine on one strand, driven by the four ports. Public functions may be called from any thread
// unless they say otherwise; callbacks are made on the strand. stop() or destruction ends every timer; calls
// that are already posted find the machine gone and do nothing.
#pragma once
#include <asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "gossip/membership/key_ring.hpp"
#include "gossip/membership/node_status.hpp"
#include "gossip/membership/swim_settings.hpp"
#include "gossip/register/map.hpp"
#include "node/base/clock.hpp"
#include "node/base/network.hpp"
#include "node/base/random.hpp"

namespace gridmail {

class Swim;

class Membership {
 public:
  struct Self {
    NodeId id;
    std::string name;
    std::vector<std::string> addresses;
    std::string program_version;
    bool sends_mail = true;  ///< to other systems
  };
  struct Callbacks {
    /// A mapped member came into another state, or was heard of for the first time.
    std::function<void(const NodeStatus&)> on_change;
    /// `node` has a newer map than the one given to set_mapped_members(). Repeated at most once a second
    /// while so.
    std::function<void(NodeId node, MapVersion version)> on_newer_map;
    /// "Alive means working": while false, probes are not answered and suspicions are not refuted. Empty:
    /// always true.
    std::function<bool()> working;
  };

  /// `executor` is the strand. The ports must outlive the strand's last handler. `keys` hold until a map
  /// brings its own.
  Membership(asio::any_io_executor executor, Clock& clock, Random& random, Network& network, Self self,
             KeyRing keys, Callbacks callbacks, SwimSettings settings = {});
  ~Membership();
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  void start();
  void stop();

  /// What the Network port delivered: any datagram, and messages of MessageKind::membership_state.
  void on_datagram(std::string address, Bytes payload);
  void on_message(NodeId from, Bytes payload);

  /// The members to probe, the keys to seal with, and the map version to tell the others. Each mapped member
  /// is probed for ever, dead ones more rarely, so that partitions heal. Nodes the map has removed are no
  /// longer listened to.
  void set_mapped_members(MapPtr map);
  void set_load(double load, std::uint64_t disk_free_bytes);
  /// To be told to the others.
  void set_old_disk(bool old);

  /// Self and every mapped member; never null.
  [[nodiscard]] MembershipViewPtr view() const;
  /// False once declared dead, and for nodes that are not mapped. A suspect still counts as alive; so does a
  /// member nothing was heard of yet, until its first probes fail. Self is alive.
  [[nodiscard]] bool is_alive(NodeId node) const;
  /// Mapped members that have been dead for at least `duration`.
  [[nodiscard]] NodeSet dead_for(Duration duration) const;
  /// Mapped members that say that their disk is an old one.
  [[nodiscard]] NodeSet old_disks() const;
  /// Mapped members, not dead, that send mail to other systems; of those not heard of yet it is taken to be
  /// so.
  [[nodiscard]] NodeSet senders() const;
  /// Mapped members, not dead, that have not said yet that they have this version of the map.
  [[nodiscard]] NodeSet behind(MapVersion version) const;

 private:
  asio::any_io_executor executor_;
  std::shared_ptr<Swim> swim_;
};

}  // namespace gridmail
