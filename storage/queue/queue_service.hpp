// QueueService: keeps queue entries at the primary of each entry's slot and hands them out in the background.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/strand.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "node/base/clock.hpp"
#include "node/runtime/allowance.hpp"
#include "node/runtime/task_group.hpp"
#include "node/runtime/timer.hpp"
#include "storage/queue/entry_placement.hpp"
#include "storage/queue/queue_sender.hpp"
#include "storage/queue/queue_slot.hpp"
#include "storage/queue/user_delivery.hpp"
#include "storage/replication/slot_access.hpp"

namespace gridmail {

/// SlotService of ServiceId::queue. Entries are slot data, so a new primary goes on where the old one
/// stopped; what both hand out meanwhile is taken once, by its GUID. What goes elsewhere is QueueSender's.
/// Each opened slot's state is touched on its strand; a slot has a worker task only while it has something to
/// do. Lifecycle: start() → stop() before destruction. The ports must outlive it.
class QueueService final : public SlotService {
 public:
  struct Ports {
    asio::any_io_executor executor;
    Clock& clock;
    Random& random;
    UserDelivery& deliveries;
    RemoteDelivery& remote;
    QueueClient& queue;
    TraceSink& trace;
    RetryRules rules;
    Egress egress;
  };
  explicit QueueService(Ports ports);

  /// Begins to look, now and then, for what is due in the open slots.
  void start();
  [[nodiscard]] Task<void> stop();

  /// For those who make entries.
  [[nodiscard]] EntryPlacement& placement() { return placement_; }

  /// Of MessageKind::egress.
  void on_egress(NodeId from, Bytes payload) { sender_.on_egress(from, payload); }

  /// All that waits in the slots that are open here, as far as it can be counted in half a second; what has
  /// not changed since the last time is not counted again. At most every few seconds.
  [[nodiscard]] Task<queue::Digest> digest();
  /// As it was counted last, about half a minute ago at most.
  [[nodiscard]] Task<queue::Digest> last_digest();

  [[nodiscard]] Task<Result<Bytes>> handle(SlotAccessPtr slot, NodeId from, Bytes request) override;
  void opened(SlotAccessPtr slot) override;
  void closed(SlotId slot) override;

 private:
  /// Kept while this node is primary, for people.
  struct Trouble {
    std::uint32_t attempts = 0;
    std::string last_error;
  };
  struct OpenSlot {
    OpenSlot(SlotAccessPtr slot, Clock& clock)
        : queue(std::make_shared<QueueSlot>(std::move(slot), clock)),
          wake(std::make_shared<Event>(queue->access->executor())) {}
    QueueSlotPtr queue;
    std::shared_ptr<Event> wake;               ///< ends the worker's pause
    std::map<QueueEntryId, Trouble> troubles;  ///< of entries that somebody could not be given
    WallMicros next_attempt = 0;               ///< while the worker pauses
    bool working = false;
    bool more = false;  ///< something came while the worker was at it
    std::optional<queue::Digest> counted;
    std::uint64_t counted_changes = 0;  ///< the slot's, before it was counted
  };
  using OpenSlotPtr = std::shared_ptr<OpenSlot>;
  /// What one pass of a worker left behind.
  struct Pass {
    bool progress = false;
    bool left = false;
  };
  struct HandingOut;

  [[nodiscard]] OpenSlotPtr open_slot(const SlotAccessPtr& slot);
  [[nodiscard]] Task<void> look_whether_empty(OpenSlotPtr slot);
  /// The change of that entry that a request asks for.
  [[nodiscard]] QueueSlot::Write write_of(QueueEntryId id, std::shared_ptr<const queue::Request> request,
                                          std::shared_ptr<SubmittedEntry> submitted,
                                          std::shared_ptr<SettledParcel> settled);

  // queue_counting.cpp: for people.
  [[nodiscard]] Task<queue::Digest> digest_on_strand();
  [[nodiscard]] Task<std::optional<queue::Digest>> digest_of(OpenSlotPtr slot, TimePoint deadline);
  [[nodiscard]] Task<Result<void>> count(OpenSlotPtr slot);

  // queue_listing.cpp: for people.
  struct Chosen {
    Chosen(std::shared_ptr<const queue::Choice> which, Bytes from, std::uint32_t most)
        : choice(std::move(which)), after(std::move(from)), limit(most) {}
    std::shared_ptr<const queue::Choice> choice;
    Bytes after;
    std::uint32_t limit;
  };
  [[nodiscard]] Task<Result<bool>> is_chosen(OpenSlotPtr slot, std::shared_ptr<const Snapshot> snapshot,
                                             std::shared_ptr<const queue::Choice> choice, KeyValue pair);
  [[nodiscard]] Task<Result<std::vector<KeyValue>>> choose(OpenSlotPtr slot,
                                                           std::shared_ptr<const Snapshot> snapshot,
                                                           std::shared_ptr<const Chosen> what, Bytes* last);
  [[nodiscard]] Task<Result<Bytes>> list(OpenSlotPtr slot, std::shared_ptr<const queue::Request> request);
  [[nodiscard]] Task<Result<Bytes>> act(OpenSlotPtr slot, std::shared_ptr<const queue::Request> request);
  void note_removed(QueueEntryId id);
  [[nodiscard]] Task<Result<void>> summarize(OpenSlotPtr slot, std::shared_ptr<const Snapshot> snapshot,
                                             QueueEntryId id, queue::Entry entry, queue::Summary* summary);
  [[nodiscard]] Task<Result<void>> summarize_parcels(OpenSlotPtr slot,
                                                     std::shared_ptr<const Snapshot> snapshot,
                                                     QueueEntryId id, queue::Summary* summary);
  void set_to_work(const OpenSlotPtr& slot);

  [[nodiscard]] Task<void> work(OpenSlotPtr slot);
  [[nodiscard]] Task<Result<void>> settle_due(OpenSlotPtr slot);
  [[nodiscard]] Task<Result<Pass>> hand_out_all(OpenSlotPtr slot);
  [[nodiscard]] Task<Result<Pass>> hand_out(OpenSlotPtr slot, QueueEntryId id, queue::Entry entry);
  [[nodiscard]] Task<bool> was_held(OpenSlotPtr slot, QueueEntryId id);
  [[nodiscard]] Task<void> deliver(std::shared_ptr<HandingOut> page, std::size_t index);
  [[nodiscard]] Task<void> look_now_and_then();

  Ports ports_;
  QueueSender sender_;
  EntryPlacement placement_;
  Allowance body_bytes_;
  std::mutex guard_;
  std::map<SlotId, OpenSlotPtr> open_;
  asio::strand<asio::any_io_executor> digest_strand_;
  std::optional<queue::Digest> digest_;  ///< the last one
  TimePoint digest_at_;
  bool digest_is_made_ = false;
  SlotId digest_from_ = 0;  ///< where time was up
  TaskGroup tasks_{"queue"};
};

}  // namespace gridmail
