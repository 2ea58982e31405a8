// QueueSender: sends the parcels of the open slots' queue entries elsewhere, and tells senders what became of
// them.
#pragma once
#include <asio/any_io_executor.hpp>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "node/base/random.hpp"
#include "node/runtime/allowance.hpp"
#include "node/runtime/task_group.hpp"
#include "storage/queue/destination_lanes.hpp"
#include "storage/queue/egress_service.hpp"
#include "storage/queue/queue_client.hpp"
#include "storage/queue/queue_slot.hpp"
#include "storage/queue/remote_delivery.hpp"

namespace gridmail {

/// Which nodes send, and how they are reached.
struct Egress {
  NodeId self;
  Network& network;
  /// Those that live, as far as is known here, and send mail to other systems.
  std::function<std::vector<NodeId>()> nodes;
};

/// One per node; QueueService tells it of slots. Each slot has a worker while anything in it is due or will
/// be; what is due waits for a lane to its next hop in a task of its own, so that no destination holds
/// another up. All that goes to one next hop is sent by one node of the grid, so that the hop's lanes are the
/// grid's: what is due for a hop of another node is handed over to that one. Lifecycle: stop() before
/// destruction. The ports outlive it.
///
/// Sent at least once: an outcome is committed before the parcel goes. Sent again only where the remote's
/// last reply did not get here, or this node was lost with it: a former primary that has begun finishes only
/// under its lease, and tells the new one what came of it; the new one waits that long before it sends what
/// it found.
class QueueSender {
 public:
  struct Ports {
    asio::any_io_executor executor;
    Clock& clock;
    Random& random;
    RemoteDelivery& remote;
    QueueClient& queue;
    TraceSink& trace;
    RetryRules rules;
    Egress egress;
  };
  explicit QueueSender(const Ports& ports)
      : ports_(ports),
        lanes_(ports_.clock),
        egress_({ports_.executor, ports_.egress.network, ports_.remote, ports_.queue, lanes_, body_bytes_,
                 ports_.trace}) {}
  [[nodiscard]] Task<void> stop();

  /// The slot was opened here. On its strand.
  void opened(QueueSlotPtr slot);
  void closed(SlotId slot);
  /// Something in the slot may be due now. On its strand.
  void look(const QueueSlotPtr& slot);
  /// This entry is new, and looked at before all others.
  void look_at(const QueueSlotPtr& slot, QueueEntryId entry);

  // queue_handing.cpp: parcels that another node sends.
  void on_egress(NodeId from, BytesView payload);
  /// queue::Fetch and queue::Finish of the node that a parcel was handed to. Errors: conflict; those of
  /// reading.
  [[nodiscard]] Task<Result<Bytes>> fetch(QueueSlotPtr slot, NodeId from,
                                          std::shared_ptr<const queue::Request> request);
  [[nodiscard]] Task<Result<Bytes>> finish(QueueSlotPtr slot, NodeId from,
                                           std::shared_ptr<const queue::Request> request);

 private:
  using Due = QueueKeys::OutgoingDue;
  /// A parcel that another node sends.
  struct Handed {
    Handed(NodeId node, WallMicros attempt, const asio::any_io_executor& executor)
        : to(node), at(attempt), heard(std::make_shared<Event>(executor)) {}
    const NodeId to;
    const WallMicros at;
    const std::shared_ptr<Event> heard;
    std::optional<queue::EgressMessage::What> answer;
    bool finishing = false;  ///< it may have sent the end of data
  };
  using HandedPtr = std::shared_ptr<Handed>;
  struct OpenSlot {
    OpenSlot(QueueSlotPtr slot, TimePoint from, WallMicros at)
        : queue(std::move(slot)),
          wake(std::make_shared<Event>(queue->access->executor())),
          found_sent_from(from),
          opened_at(at) {}
    QueueSlotPtr queue;
    std::shared_ptr<Event> wake;
    TimePoint found_sent_from;  ///< what was there when it was opened waits until then
    WallMicros opened_at;
    std::map<Due, HandedPtr> under_way;  ///< without their times; null: sent from here
    std::vector<QueueEntryId> fresh;     ///< looked at first
    std::optional<WallMicros> next;      ///< of the last pass
    Bytes pass_from;                     ///< where the next pass begins; empty: at the start
    bool passes = true;                  ///< there is more to look at than what is fresh
    bool working = false;
    bool more = false;
  };
  using OpenSlotPtr = std::shared_ptr<OpenSlot>;
  class UnderWay;
  /// One look through what is due in a slot.
  struct Pass {
    std::optional<WallMicros> next;  ///< when something is to be looked at again
    std::size_t without_room = 0;
    bool stopped = false;  ///< too many of those
  };

  [[nodiscard]] OpenSlotPtr find(const QueueSlotPtr& slot);
  void set_to_work(const OpenSlotPtr& slot);
  [[nodiscard]] Task<void> work(OpenSlotPtr slot);
  /// Begins what is due. When to look again; nothing: there is nothing left to wait for.
  [[nodiscard]] Task<Result<std::optional<WallMicros>>> begin_due(OpenSlotPtr slot);
  /// From one key to the other; at most a few are looked at for which there is no room.
  [[nodiscard]] Task<Result<void>> begin_between(OpenSlotPtr slot, Bytes first, Bytes last,
                                                 std::shared_ptr<Pass> pass);
  [[nodiscard]] Task<void> begin_fresh(OpenSlotPtr slot);
  [[nodiscard]] Task<Result<std::optional<WallMicros>>> begin(OpenSlotPtr slot, Due due);
  [[nodiscard]] Task<void> send(OpenSlotPtr slot, Due due, std::string hop);
  /// No node can send it now.
  [[nodiscard]] Task<void> send_nowhere(OpenSlotPtr slot, Due due);
  /// Without an attempt: all of it waits, for the last reason that it waited for, or else this one.
  [[nodiscard]] Task<void> put_off(OpenSlotPtr slot, Due due, std::string why);
  [[nodiscard]] Task<void> settle(OpenSlotPtr slot, Due due, std::vector<queue::Outcome> outcomes);
  [[nodiscard]] Task<void> tell(OpenSlotPtr slot, Due due);
  [[nodiscard]] Task<bool> may_finish(OpenSlotPtr slot, Due due,
                                      std::shared_ptr<std::atomic<bool>> broken_off);
  [[nodiscard]] Task<bool> wait_for_leave(OpenSlotPtr slot, Due due);

  [[nodiscard]] Task<void> hand_over(OpenSlotPtr slot, Due due, std::string hop, NodeId to);
  /// Until something is heard of it, or a while. False: this node is to do no more about it.
  [[nodiscard]] Task<bool> wait_for_news(OpenSlotPtr slot, Due due, HandedPtr handed);
  [[nodiscard]] HandedPtr handed_to(const QueueSlotPtr& slot, NodeId node, Due due);
  /// Whether more had better wait in the store.
  [[nodiscard]] bool is_full(const std::string& hop);
  void set_full(const std::string& hop);

  Ports ports_;
  DestinationLanes lanes_;
  Allowance body_bytes_{128ULL << 20};
  EgressService egress_;
  std::atomic<std::size_t> under_way_{0};
  std::mutex guard_;
  std::map<SlotId, OpenSlotPtr> open_;
  std::map<std::string, TimePoint> full_until_;  ///< hops of other nodes
  TaskGroup tasks_{"queue sender"};
};

/// Marks something as begun, for as long as it lives.
class QueueSender::UnderWay {
 public:
  UnderWay(QueueSender& owner, OpenSlotPtr slot, Due due)
      : owner_(owner), slot_(std::move(slot)), due_(due) {}
  ~UnderWay() {
    slot_->under_way.erase(due_.without_time());
    --owner_.under_way_;
    slot_->passes = true;
    slot_->more = true;
    slot_->wake->set();
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

 private:
  QueueSender& owner_;
  OpenSlotPtr slot_;
  Due due_;
};

}  // namespace gridmail
