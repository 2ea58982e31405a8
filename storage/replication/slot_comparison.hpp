// SlotComparison: compares what the primary of a slot holds with what its other copies hold, a piece at a
// time, by a hash tree over ranges of keys, and mends what differs.
//
// How two copies are compared while both write: the primary takes a snapshot, and notes the keys that are
// written from then on. It asks for what the other copy held at the present commit position; that one knows
// what later entries replaced. Apart from the keys noted, both must be the same.
//
// How it is mended: what the primary holds is what the slot is, since it alone orders. It is written again by
// an ordinary operation, so that every copy takes it, in order with all others. Only where the primary's own
// disk lost records does the other copy's word count: for those that are missing here, and altogether if that
// one's disk lost none.
#pragma once
#include <memory>
#include <vector>

#include "storage/replication/key_watch.hpp"
#include "storage/replication/slot.hpp"

namespace gridmail {

/// On the slot's strand; lives for one scrub of the slot in one epoch.
class SlotComparison {
 public:
  SlotComparison(std::shared_ptr<Slot> slot, ReplicationContext& context)
      : slot_(std::move(slot)), context_(context), access_(slot_->access_to_mend()) {}

  struct Piece {
    std::optional<Bytes> next;  ///< where the next one begins; nothing at the family's end
    std::size_t keys = 0;
    std::size_t bytes = 0;
    std::vector<Bytes> mended;  ///< keys
  };
  /// The keys of `family` from `first` (empty: the slot's first) on, as many as make a piece. Errors:
  /// not_primary, unavailable (another copy does not answer, or too much was written meanwhile: later),
  /// corrupted, io.
  [[nodiscard]] Task<Result<Piece>> compare(Family family, Bytes first);

 private:
  /// A record of the snapshot.
  struct Record {
    Bytes key;
    Bytes digest;
  };
  struct Range {
    Bytes first;
    Bytes last;  ///< after it
  };
  [[nodiscard]] Task<Result<void>> be_on_disk(Position at);
  [[nodiscard]] Task<Result<void>> compare_with(NodeId other, Range all);
  [[nodiscard]] Task<Result<void>> compare_values(NodeId other, Range range);
  [[nodiscard]] Task<Result<replication::ScrubAnswer>> ask(NodeId other, const Range& range,
                                                           const std::vector<Bytes>& ends, bool values);
  [[nodiscard]] Bytes digest_of(const Bytes& first, const Bytes& last) const;
  [[nodiscard]] std::vector<Bytes> divide(const Range& range) const;
  [[nodiscard]] std::size_t records_in(const Range& range) const;
  [[nodiscard]] Task<Result<void>> mend(std::vector<SlotWrite> writes);
  [[nodiscard]] bool may_write(const Bytes& key) const;

  const std::shared_ptr<Slot> slot_;
  ReplicationContext& context_;
  const SlotAccessPtr access_;
  Family family_ = Family::meta;
  std::shared_ptr<KeyWatch> watch_;
  std::shared_ptr<const Snapshot> view_;
  std::vector<Record> records_;
  std::vector<Bytes> mended_;
};

}  // namespace gridmail
