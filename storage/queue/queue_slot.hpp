// QueueSlot: one slot's queue at its opened primary: changes, many of them in one operation, and bodies read.
#pragma once
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "node/base/clock.hpp"
#include "node/runtime/timer.hpp"
#include "storage/queue/queue_change.hpp"
#include "storage/replication/slot_access.hpp"

namespace gridmail {

/// For one epoch; on the slot's strand. Kept by all who work on it; when the epoch is over everything answers
/// not_primary.
///
/// Changes of different entries are committed beside each other. One that has time waits for company: what is
/// asked for next takes all that wait into one operation. Under load, when many operations are under way, all
/// wait so.
class QueueSlot {
 public:
  QueueSlot(SlotAccessPtr slot, Clock& clock)
      : access(std::move(slot)), keys(access->slot()), clock_(clock) {}

  const SlotAccessPtr access;
  const QueueKeys keys;
  /// Chunks of entries that are gone wait for somebody to sweep them.
  std::atomic<bool> sweeps_due = false;
  /// Raised with each change.
  std::atomic<std::uint64_t> changes = 0;

  using Write = std::function<Task<Result<void>>(QueueChange&)>;
  /// Builds a change of that entry with `write`, perhaps more than once, and commits it; begins within
  /// `patience` where the slot is not busy. Errors: those of `write` and of SlotAccess::commit.
  [[nodiscard]] Task<Result<void>> change(QueueEntryId id, Write write, Duration patience = {}) {
    return change_many({id}, std::move(write), patience);
  }
  /// Of those entries, and no others.
  [[nodiscard]] Task<Result<void>> change_many(std::vector<QueueEntryId> ids, Write write,
                                               Duration patience = {});
  /// Errors: io, corrupted.
  [[nodiscard]] Task<Result<Bytes>> read_body(QueueEntryId id, std::uint32_t chunks);
  [[nodiscard]] bool is_over() const;

 private:
  struct Wanted {
    std::vector<QueueEntryId> ids;
    Write write;
    std::atomic<bool> ripe = false;  ///< waits for company no longer
    std::shared_ptr<Event> turn;     ///< there is a result, or it may begin
    bool taken = false;
    bool finished = false;
    Operation operation;
    std::optional<Result<void>> result;
  };
  using WantedPtr = std::shared_ptr<Wanted>;
  using Lot = std::vector<WantedPtr>;

  [[nodiscard]] WantedPtr enqueue(std::vector<QueueEntryId> ids, Write write);
  [[nodiscard]] bool may_begin(const Wanted& wanted) const;
  /// What waits, but for entries whose changes are under way.
  [[nodiscard]] Lot take_lot();
  void put_back(const WantedPtr& wanted);
  void end(const Lot& lot);
  /// Whoever has waited long enough leads the next lot.
  void wake_next();
  [[nodiscard]] Task<void> commit(std::shared_ptr<Lot> lot);
  [[nodiscard]] Task<void> build(WantedPtr wanted, std::shared_ptr<const Snapshot> snapshot);
  [[nodiscard]] Task<Result<void>> commit_together(std::shared_ptr<Lot> lot);

  Clock& clock_;
  std::deque<WantedPtr> wanted_;
  std::set<QueueEntryId> busy_;  ///< entries whose changes are under way: builders must not meet
  std::size_t lots_ = 0;         ///< under way
};
/// What has gone may wait so long for company: until then a node that is lost leaves it to be sent again.
inline constexpr Duration settled_within = std::chrono::milliseconds(20);

using QueueSlotPtr = std::shared_ptr<QueueSlot>;

}  // namespace gridmail
