// EgressService: sends the parcels that other nodes hand to this one, because it is the one that sends what
// goes to their next hop.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/strand.hpp>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "node/base/network.hpp"
#include "node/runtime/allowance.hpp"
#include "node/runtime/task_group.hpp"
#include "storage/queue/destination_lanes.hpp"
#include "storage/queue/queue_client.hpp"
#include "storage/queue/remote_delivery.hpp"
#include "storage/trace/trace_sink.hpp"

namespace gridmail {

/// The entry's primary hands a parcel over by name, again and again until it is done; nothing of it is kept
/// here but in memory. The rest is asked of whoever is primary by then: the message, leave to send the end of
/// data, and to write down what came of it. So a new primary hands it to the same node, which goes on.
///
/// Thread-safe; state on a strand of its own. Lifecycle: stop() before destruction. The ports outlive it.
class EgressService {
 public:
  struct Ports {
    asio::any_io_executor executor;
    Network& network;
    RemoteDelivery& remote;
    QueueClient& queue;
    DestinationLanes& lanes;
    Allowance& body_bytes;
    TraceSink& trace;
  };
  explicit EgressService(const Ports& ports) : ports_(ports), strand_(asio::make_strand(ports.executor)) {}
  [[nodiscard]] Task<void> stop();

  /// A parcel handed over.
  void on_handed(NodeId from, queue::EgressMessage message);

 private:
  using Key = std::pair<QueueEntryId, std::uint32_t>;
  class UnderWay;

  [[nodiscard]] Task<void> take(NodeId from, queue::EgressMessage message);
  [[nodiscard]] Task<void> send(NodeId from, queue::EgressMessage message, QueueEntryId id);
  [[nodiscard]] Task<void> send_in_lane(DestinationLanes::Lane lane, queue::EgressMessage message,
                                        QueueEntryId id);
  [[nodiscard]] Task<Result<RemoteDelivery::HeldBody>> fetch_body(
      queue::EgressMessage message, QueueEntryId id, std::shared_ptr<const queue::Fetched> begin,
      std::shared_ptr<std::atomic<bool>> broken_off);
  [[nodiscard]] Task<bool> may_finish(queue::EgressMessage message, QueueEntryId id,
                                      std::shared_ptr<std::atomic<bool>> broken_off);
  void answer(NodeId to, const queue::EgressMessage& message, queue::EgressMessage::What what);

  Ports ports_;
  asio::strand<asio::any_io_executor> strand_;
  std::map<Key, NodeId> under_way_;  ///< who handed it over last
  TaskGroup tasks_{"egress"};
};

/// To a node that hands over, or was handed to.
void send_egress_message(Network& network, NodeId to, const queue::EgressMessage& message);

}  // namespace gridmail
