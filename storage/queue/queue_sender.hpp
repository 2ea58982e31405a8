// QueueSender: sends the parcels of the open slots' queue entries elsewhere, and tells senders what became of
// them.
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "node/base/random.hpp"
#include "node/runtime/allowance.hpp"
#include "node/runtime/task_group.hpp"
#include "storage/queue/destination_lanes.hpp"
#include "storage/queue/queue_client.hpp"
#include "storage/queue/queue_slot.hpp"
#include "storage/queue/remote_delivery.hpp"

namespace gridmail {

/// One per node; QueueService tells it of slots. Each slot has a worker while anything in it is due or will
/// be; what is due waits for a lane to its next hop in a task of its own, so that no destination holds
/// another up. Lifecycle: stop() before destruction. The ports outlive it.
///
/// Sent at least once: an outcome is committed before the parcel goes. Sent again only where the remote's
/// last reply did not get here, or this node was lost with it: a former primary that has begun finishes only
/// under its lease, and tells the new one what came of it; the new one waits that long before it sends what
/// it found.
class QueueSender {
 public:
  struct Ports {
    Clock& clock;
    Random& random;
    RemoteDelivery& remote;
    QueueClient& queue;
    RetryRules rules;
  };
  explicit QueueSender(const Ports& ports) : ports_(ports), lanes_(ports_.clock) {}
  [[nodiscard]] Task<void> stop();

  /// The slot was opened here. On its strand.
  void opened(QueueSlotPtr slot);
  void closed(SlotId slot);
  /// Something in the slot may be due now. On its strand.
  void look(const QueueSlotPtr& slot);

 private:
  using Due = QueueKeys::OutgoingDue;
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
    std::set<Due> under_way;  ///< without their times
    bool working = false;
    bool more = false;
  };
  using OpenSlotPtr = std::shared_ptr<OpenSlot>;
  class UnderWay;

  [[nodiscard]] OpenSlotPtr find(const QueueSlotPtr& slot);
  void set_to_work(const OpenSlotPtr& slot);
  [[nodiscard]] Task<void> work(OpenSlotPtr slot);
  /// Begins what is due. When to look again; nothing: there is nothing left to wait for.
  [[nodiscard]] Task<Result<std::optional<WallMicros>>> begin_due(OpenSlotPtr slot);
  [[nodiscard]] Task<Result<std::optional<WallMicros>>> begin(OpenSlotPtr slot, Due due);
  [[nodiscard]] Task<void> send(OpenSlotPtr slot, Due due, std::string hop);
  [[nodiscard]] Task<void> settle(OpenSlotPtr slot, Due due, std::vector<queue::Outcome> outcomes);
  [[nodiscard]] Task<void> tell(OpenSlotPtr slot, Due due);
  [[nodiscard]] Task<bool> may_finish(OpenSlotPtr slot, Due due,
                                      std::shared_ptr<std::atomic<bool>> broken_off);

  Ports ports_;
  DestinationLanes lanes_;
  Allowance body_bytes_{128ULL << 20};
  std::atomic<std::size_t> under_way_{0};
  std::mutex guard_;
  std::map<SlotId, OpenSlotPtr> open_;
  TaskGroup tasks_{"queue sender"};
};

}  // namespace gridmail
