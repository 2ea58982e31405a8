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
#include <set>
#include <string>
#include <vector>

#include "node/base/random.hpp"
#include "node/runtime/allowance.hpp"
#include "node/runtime/task_group.hpp"
#include "storage/queue/destination_lanes.hpp"
#include "storage/queue/egress_service.hpp"
#include "storage/queue/hop_directions.hpp"
#include "storage/queue/hop_rooms.hpp"
#include "storage/queue/queue_client.hpp"
#include "storage/queue/queue_slot.hpp"
#include "storage/queue/remote_delivery.hpp"

namespace gridmail {

/// One per node; QueueService tells it of slots. Each slot has a worker while anything in it is due or will
/// be; what is due and has room waits for a lane to its next hop in a task of its own, so that no destination
/// holds another up. All that goes to one next hop is sent by one node of the grid, so that the hop's lanes
/// are the grid's: what is due for a hop of another node is handed over to that one. Lifecycle: stop() before
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
        directions_(ports_.clock, ports_.remote, ports_.egress),
        lanes_(ports_.clock),
        egress_({ports_.executor, ports_.egress.network, ports_.remote, ports_.queue, lanes_, body_bytes_,
                 ports_.trace}) {}
  [[nodiscard]] Task<void> stop();
  [[nodiscard]] HopDirections& directions() { return directions_; }

  /// The slot was opened here. On its strand.
  void opened(QueueSlotPtr slot);
  void closed(SlotId slot);
  /// Something in the slot is due at that time, or now. On its strand.
  void look(const QueueSlotPtr& slot, WallMicros at = 0);
  /// This entry is new, and looked at before all others.
  void look_at(const QueueSlotPtr& slot, const SubmittedEntry& entry);

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
  using Direction = HopDirections::Direction;
  /// A parcel that another node sends.
  struct Handed {
    Handed(NodeId node, WallMicros attempt, const asio::any_io_executor& executor)
        : to(node), at(attempt), heard(std::make_shared<Event>(executor)) {}
    const NodeId to;
    const WallMicros at;
    const std::shared_ptr<Event> heard;
    std::optional<queue::EgressMessage::What> answer;
    bool finishing = false;   ///< it may have sent the end of data
    bool unreadable = false;  ///< a part of the message is missing
  };
  using HandedPtr = std::shared_ptr<Handed>;
  /// What it shares, and with whom.
  struct Way {
    Way(std::string next_hop, std::uint64_t mark) : hop(std::move(next_hop)), sender(mark) {}
    std::string hop;
    std::uint64_t sender;  ///< sender_mark
  };
  /// To whoever is told: one for all.
  [[nodiscard]] static Way way_of_reports() { return {std::string(), 0}; }
  struct Fresh {
    Due due;
    queue::Waiting waiting;
  };
  struct OpenSlot {
    OpenSlot(QueueSlotPtr slot, TimePoint from, WallMicros at)
        : queue(std::move(slot)),
          wake(std::make_shared<Event>(queue->access->executor())),
          found_sent_from(from),
          opened_at(at) {}
    /// To look through all that is due then, or before.
    void look(WallMicros at) { next = next ? std::min(*next, at) : at; }

    QueueSlotPtr queue;
    std::shared_ptr<Event> wake;
    TimePoint found_sent_from;  ///< what was there when it was opened waits until then
    WallMicros opened_at;
    std::map<Due, HandedPtr> under_way;  ///< without their times; null: sent from here
    std::vector<Fresh> fresh;            ///< looked at first
    std::set<std::string> waits;         ///< for room for these hops
    std::set<std::string> called;        ///< there is room now for these
    std::optional<WallMicros> next = 0;  ///< look through all that is due
    Bytes look_from;                     ///< where that begins; empty: at the start
    bool working = false;
    bool more = false;
  };
  using OpenSlotPtr = std::shared_ptr<OpenSlot>;
  class UnderWay;

  // queue_looks.cpp: what is due.
  struct Look {
    explicit Look(const std::string* hop) : only(hop) {}
    const std::string* only;  ///< what goes to this hop; null: everything
    std::size_t looked_at = 0;
    bool is_over = false;
  };
  /// There is room again for what waits in the slot for this hop.
  static void call(const OpenSlotPtr& slot, const std::string& hop);
  void set_to_work(const OpenSlotPtr& slot);
  [[nodiscard]] Task<void> work(OpenSlotPtr slot);
  [[nodiscard]] Task<Result<void>> look_once(OpenSlotPtr slot);
  [[nodiscard]] Task<Result<void>> look_at_fresh(OpenSlotPtr slot);
  [[nodiscard]] Task<Result<void>> look_through(OpenSlotPtr slot, Look look);
  [[nodiscard]] Task<Result<void>> look_at_one(OpenSlotPtr slot, KeyValue pair, Look* look);
  /// Begins to send it, or says when to look again.
  [[nodiscard]] Task<Result<void>> begin(OpenSlotPtr slot, Due due, queue::Waiting waiting, Look* look);
  [[nodiscard]] bool enter(const OpenSlotPtr& slot, Due due, const Way& way, Look* look);

  [[nodiscard]] OpenSlotPtr find(const QueueSlotPtr& slot);
  [[nodiscard]] Task<void> send(OpenSlotPtr slot, Due due, Way way);
  [[nodiscard]] Task<Result<RemoteDelivery::HeldBody>> read_body(OpenSlotPtr slot, Due due,
                                                                 queue::Entry entry);
  /// The hop rests: either the parcel waits in the store until that is over, or it is put off.
  [[nodiscard]] Task<void> wait_for_rest(UnderWay* under_way, std::string hop, TimePoint until);
  /// Without an attempt: all of it waits, for the last reason that it waited for, or else this one.
  [[nodiscard]] Task<void> put_off(OpenSlotPtr slot, Due due, Way way, std::string why);
  [[nodiscard]] Task<void> put_off_within(UnderWay* under_way, std::string why);
  [[nodiscard]] Task<void> settle(UnderWay* under_way, std::vector<queue::Outcome> outcomes);
  [[nodiscard]] Task<void> tell(OpenSlotPtr slot, Due due);
  [[nodiscard]] Task<bool> may_finish(OpenSlotPtr slot, Due due,
                                      std::shared_ptr<std::atomic<bool>> broken_off);
  [[nodiscard]] Task<bool> wait_for_leave(OpenSlotPtr slot, Due due);

  [[nodiscard]] Task<void> hand_over(OpenSlotPtr slot, Due due, Direction direction, queue::Waiting waiting);
  /// Until something is heard of it, or a while. False: this node is to do no more about it.
  [[nodiscard]] Task<bool> wait_for_news(OpenSlotPtr slot, Due due, HandedPtr handed);
  [[nodiscard]] HandedPtr handed_to(const QueueSlotPtr& slot, NodeId node, Due due);

  Ports ports_;
  HopDirections directions_;
  HopRooms rooms_;
  DestinationLanes lanes_;
  Allowance body_bytes_{128ULL << 20};
  EgressService egress_;
  std::mutex guard_;
  std::map<SlotId, OpenSlotPtr> open_;
  TaskGroup tasks_{"queue sender"};
};

/// Marks something as begun, for as long as it lives. On the slot's strand.
class QueueSender::UnderWay {
 public:
  UnderWay(QueueSender& owner, OpenSlotPtr open, Due due, Way way);
  ~UnderWay();
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

  /// When to look for it again; nothing: it is gone, or who changed it says.
  std::optional<WallMicros> next;
  const OpenSlotPtr slot;
  const Due due;

 private:
  QueueSender& owner_;
  const Way way_;
};

}  // namespace gridmail
