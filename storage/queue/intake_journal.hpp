// IntakeJournal: accepted messages that wait for a slot, on this node's own disk (design, section 3, intake).
#pragma once
#include <vector>

#include "node/base/ids.hpp"
#include "node/base/store.hpp"
#include "storage/queue/queue.pb.h"

namespace gridmail {

/// Names one record on both its holders.
using IntakeId = Id16<struct IntakeTag>;

/// Family node (storage/queue/LAYOUT.md). Not slot data: no other node's copy knows of it. Thread-safe; calls
/// about one record must not overlap.
class IntakeJournal {
 public:
  /// `store` must outlive the journal.
  explicit IntakeJournal(Store& store) : store_(store) {}

  /// On stable storage when it returns; `chunks` are the body. Errors: io, no_space.
  [[nodiscard]] Task<Result<void>> put(queue::IntakeRecord record, std::vector<Bytes> chunks);
  /// Another set of recipients or another peer; the body stays.
  [[nodiscard]] Task<Result<void>> update(queue::IntakeRecord record);
  [[nodiscard]] Task<Result<void>> drop(IntakeId id);
  /// Nothing when it was dropped.
  [[nodiscard]] Task<Result<std::optional<queue::IntakeRecord>>> read(IntakeId id);
  [[nodiscard]] Task<Result<Bytes>> read_body(const queue::IntakeRecord& record);
  /// All records, after dropping chunks of those that a crash left unfinished. For the start of the node.
  [[nodiscard]] Task<Result<std::vector<queue::IntakeRecord>>> recover();

 private:
  [[nodiscard]] Task<Result<void>> drop_orphans(const std::vector<queue::IntakeRecord>& records);

  Store& store_;
};

}  // namespace gridmail
