// QueueSlot: one slot's queue at its opened primary: changes one after the other, and bodies read.
#pragma once
#include <functional>
#include <memory>

#include "node/base/clock.hpp"
#include "node/runtime/async_mutex.hpp"
#include "storage/queue/queue_change.hpp"
#include "storage/replication/slot_access.hpp"

namespace gridmail {

/// For one epoch; on the slot's strand. Kept by all who work on it; when the epoch is over everything answers
/// not_primary.
class QueueSlot {
 public:
  QueueSlot(SlotAccessPtr slot, Clock& clock)
      : access(std::move(slot)), keys(access->slot()), clock_(clock) {}

  const SlotAccessPtr access;
  const QueueKeys keys;

  using Write = std::function<Task<Result<void>>(QueueChange&)>;
  /// Builds one operation with `write` and commits it. Errors: those of `write` and of SlotAccess::commit.
  [[nodiscard]] Task<Result<void>> change(Write write);
  /// Errors: io, corrupted.
  [[nodiscard]] Task<Result<Bytes>> read_body(QueueEntryId id, std::uint32_t chunks);
  [[nodiscard]] bool is_over() const;

 private:
  Clock& clock_;
  AsyncMutex changing_;  ///< from reading to commit: builders must not meet
};
using QueueSlotPtr = std::shared_ptr<QueueSlot>;

}  // namespace gridmail
