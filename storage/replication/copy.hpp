// Copy: what this node holds of one slot, and where its log stands. It knows positions and records, not roles
// or messages; it turns steps into batches, and the slot commits them. Layout: storage/replication/LAYOUT.md.
//
// Invariants
//   base ≤ commit ≤ position; the log holds every entry in (base, position], an undo record every one in
//   (commit, position]; `tail_` mirrors the latter with their values.
//   whole: the data is exactly what the operations up to `position` made. Otherwise it is right for every key
//   touched after `from`, and for the other keys as far as `fill` has come.
#pragma once
#include <deque>
#include <optional>
#include <set>
#include <vector>

#include "node/base/lost_key.hpp"
#include "node/base/store.hpp"
#include "storage/replication/operation.hpp"
#include "storage/replication/replication.pb.h"

namespace gridmail {

/// The epochs a log went through, and the first sequence number of each, ascending.
using History = std::vector<std::pair<Epoch, Sequence>>;

/// Whether a log with this history and last position contains `at` (as Kafka's leader epochs do).
[[nodiscard]] bool contains(const History& history, Position last, Position at);

/// Whether a log with this history and last position cannot contain `at`. One that is trimmed may have.
[[nodiscard]] bool excludes(const History& history, Position last, Position at);

/// An operation with its place.
struct PlacedOperation {
  Position at;
  std::vector<SlotWrite> writes;
  /// With what it replaces.
  [[nodiscard]] std::size_t bytes() const;
};

class Copy {
 public:
  /// `life`: the disk's, see gossip/disk_marks.hpp.
  explicit Copy(SlotId slot, std::uint64_t life = 0, std::uint64_t doubts = 0)
      : slot_(slot), life_(life), disk_doubts_(doubts), doubts_(doubts) {}

  /// Reads what is on disk. Errors: io, corrupted.
  [[nodiscard]] Task<Result<void>> load(Store& store);

  [[nodiscard]] Position position() const { return position_; }
  /// The last position known to be committed.
  [[nodiscard]] Position commit() const { return commit_; }
  [[nodiscard]] Position base() const { return base_; }
  [[nodiscard]] const History& history() const { return history_; }
  [[nodiscard]] const std::deque<PlacedOperation>& tail() const { return tail_; }
  [[nodiscard]] Epoch opened_epoch() const { return opened_epoch_; }
  [[nodiscard]] std::optional<NodeId> opened_primary() const { return opened_primary_; }
  /// The start of that primary: it opens an epoch once.
  [[nodiscard]] std::uint64_t opened_incarnation() const { return opened_incarnation_; }
  [[nodiscard]] bool whole() const { return whole_; }
  /// Stored in this life of the disk; until it is, all counts as lost.
  [[nodiscard]] std::uint64_t life() const { return life_; }
  /// What is on the disk counts as lost; it stays there until the slot joins again, or drop().
  void disown(std::uint64_t life);
  [[nodiscard]] bool disowned() const { return disowned_; }
  /// The disk's, when this copy was last known to lack nothing. Below the disk's present ones it is suspect.
  [[nodiscard]] std::uint64_t doubts() const { return doubts_; }
  void trust(std::uint64_t doubts) {
    doubts_ = doubts;
    trusted_ = true;
  }
  [[nodiscard]] bool trusted() const { return trusted_; }
  /// The disk lost records of it: it must not count as a copy where there is another, before it was compared
  /// with that one.
  [[nodiscard]] bool damaged() const { return damaged_; }
  /// Or did so, and nobody was left to ask for all of them.
  [[nodiscard]] bool lacks_records() const { return lost_.has_value(); }
  /// Nothing is held: never opened, dropped or disowned.
  [[nodiscard]] bool blank() const { return opened_epoch_ == 0; }
  [[nodiscard]] const replication::Fill& fill() const { return fill_; }
  /// Not whole: up to where everything is held, if it is.
  [[nodiscard]] std::optional<Position> complete_to() const { return complete_to_; }
  /// The first write to this key by an entry after `sequence` that may yet be taken back; null when there is
  /// none.
  [[nodiscard]] const SlotWrite* touched_after(Sequence sequence, Family family, BytesView key) const;

  /// A new slot of a new grid: whole and empty.
  void found() { whole_ = true; }

  // Each returns the batch that makes the step durable; memory is ahead of the disk until then, in the same
  // order.

  /// The primary's own step at an opening: notes the epoch, whose first entry comes after the present
  /// position.
  [[nodiscard]] Batch open_as_primary(Epoch epoch, NodeId self);
  /// Any other copy's step: takes back what the primary lacks, takes what it brings. `ok` is false when it
  /// must be refused: something known to be committed would be taken back (then this copy is `ahead`), or an
  /// in-sync copy would be left with a gap.
  struct OpenStep {
    bool ok = false;
    bool ahead = false;
    std::string reason;
    Batch batch;
  };
  struct Opening {
    Epoch epoch;
    NodeId primary;
    std::uint64_t incarnation = 0;         ///< the primary's start
    Position commit;                       ///< the primary's
    Position tail;                         ///< the primary's last position
    Sequence log_base;                     ///< its log holds everything after
    History history;                       ///< with the new epoch
    std::vector<PlacedOperation> entries;  ///< (commit, tail]
    bool in_sync;                          ///< this copy is in sync, not joining
  };
  [[nodiscard]] OpenStep open(Opening opening);
  /// The next entry; `at` follows position(). With `undo` unless the entry is known to be committed.
  [[nodiscard]] Batch append(PlacedOperation entry, bool with_undo);
  /// Everything up to `at` is committed; the undo records go with the next batch.
  void set_commit(Position at);
  /// Cuts the log so that it holds at most `keep` entries; empty when there is little to cut.
  [[nodiscard]] Batch trim(std::size_t keep);
  /// About how much an entry takes in the log.
  [[nodiscard]] std::size_t log_entry_bytes() const { return log_entry_bytes_; }
  /// A piece of the gap: what was touched after `from` stays as it is.
  [[nodiscard]] Batch fill_in(std::vector<SlotWrite> pieces, replication::Fill next);
  /// The record as it is: what was written before is on stable storage once this is.
  [[nodiscard]] Batch rewrite() const;
  /// After a disaster, by the recovery only: what is held here is all there is of the slot.
  [[nodiscard]] Batch declare_whole(Epoch epoch);
  /// It was compared: what is left of its records is here again.
  [[nodiscard]] Batch mended();
  /// It counts as it is; that records are lost stays named.
  [[nodiscard]] Batch settle();
  /// Forgets everything: the node no longer holds the slot.
  [[nodiscard]] Batch drop();

 private:
  [[nodiscard]] bool take_back_to(Position shared, Batch& batch);
  void begin_gap(const Opening& opening, Position shared, bool shared_known, Batch& batch);
  void wipe(Batch& batch);
  void write_log(const PlacedOperation& entry, bool with_undo, Batch& batch);
  void write_record(Batch& batch) const;
  void drop_undo(Batch& batch);
  [[nodiscard]] Task<Result<void>> load_record(const Snapshot& view);
  [[nodiscard]] Task<Result<void>> load_tail(const Snapshot& view);
  [[nodiscard]] Task<Result<void>> load_touched(const Snapshot& view);
  [[nodiscard]] Epoch epoch_of(Sequence sequence) const;

  SlotId slot_;
  std::uint64_t life_ = 0;
  std::uint64_t disk_doubts_ = 0;  // in this start
  std::uint64_t doubts_ = 0;
  bool disowned_ = false;
  bool damaged_ = false;
  std::optional<Bytes> lost_;  // for people
  bool trusted_ = false;       // since this start: nobody has a better one
  Position position_;
  Position commit_;
  Position base_;
  History history_;
  std::deque<PlacedOperation> tail_;
  Epoch opened_epoch_ = 0;
  std::optional<NodeId> opened_primary_;
  std::uint64_t opened_incarnation_ = 0;
  bool whole_ = false;
  std::optional<Position> complete_to_;
  Position from_;
  replication::Fill fill_;
  std::set<std::pair<Family, Bytes>> touched_;  // after from_, while not whole
  std::size_t log_entry_bytes_ = 128;           // a running mean
  Sequence undo_on_disk_ = 0;                   // undo records up to here have been removed
};

/// Between the wire and memory.
[[nodiscard]] replication::Place to_record(Position at);
[[nodiscard]] Position from_record(const replication::Place& place);
void to_record(const SlotWrite& write, replication::Write& record);
[[nodiscard]] SlotWrite from_record(replication::Write&& record);
void to_record(const PlacedOperation& entry, replication::Entry& record);
[[nodiscard]] PlacedOperation from_record(replication::Entry&& record);
[[nodiscard]] History from_record(const google::protobuf::RepeatedPtrField<replication::EpochStart>& starts);
void to_record(const History& history, google::protobuf::RepeatedPtrField<replication::EpochStart>& starts);

/// Keys in family log.
[[nodiscard]] Bytes copy_record_key(SlotId slot);
[[nodiscard]] Bytes log_entry_key(SlotId slot, Sequence sequence);
[[nodiscard]] Bytes undo_key(SlotId slot, Sequence sequence);
/// After the last key of that kind.
[[nodiscard]] Bytes log_end(SlotId slot);
[[nodiscard]] Bytes undo_end(SlotId slot);

}  // namespace gridmail
