// ChangeRequests: the asker's side of a change (design, section 5): sent to the lowest live voter, after 300
// ms without an agreed answer to the next, at last proposed from here. A request is over when this node has
// taken in a map that holds the change. On the register's strand only.
#pragma once
#include <functional>
#include <map>
#include <memory>

#include "gossip/register/change_batch.hpp"
#include "gossip/register/map_register.hpp"
#include "gossip/register/register.pb.h"
#include "gossip/strand_timer.hpp"

namespace gridmail {

class ChangeRequests {
 public:
  struct Callbacks {
    std::function<void(NodeId to, const gossip::RegisterMessage&)> send;
    std::function<bool(NodeId)> is_alive;
    /// Proposes from this node.
    std::function<void(MapChange, ChangeBatch::Answer)> propose_here;
    /// The newest chosen map on this node's disk.
    std::function<MapPtr()> current;
  };

  ChangeRequests(asio::any_io_executor strand, Clock& clock, Random& random, NodeId self, Duration answer_max,
                 Callbacks callbacks);

  void add(MapChange change, MapRegister::Done done);
  void on_answer(NodeId from, const gossip::ChangeAnswer& answer);
  /// A newer map is on this node's disk.
  void on_map(const MapPtr& map);
  /// Answers all `cancelled`.
  void stop();

 private:
  struct Request {
    MapChange change;
    MapRegister::Done done;
    NodeSet asked;
    MapVersion agreed = 0;  // the version that holds the change, once known
    std::unique_ptr<StrandTimer> timer;
  };
  using Id = std::uint64_t;

  void ask_next(Id id);
  void propose_here(Id id);
  void agreed(Id id, MapVersion version);
  void finish(Id id, Result<MapPtr> result);

  asio::any_io_executor strand_;
  Clock& clock_;
  NodeId self_;
  Duration answer_max_;
  Callbacks callbacks_;
  Id last_id_;  // begins at random: an answer to a former life's request finds nothing
  std::map<Id, Request> requests_;
};

}  // namespace gridmail
