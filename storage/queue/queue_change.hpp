// Changes of queue entries as writes of one operation: the rules of the queue, and nothing else.
#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "storage/directory/record_codec.hpp"
#include "storage/queue/parcel_plan.hpp"
#include "storage/queue/queue.pb.h"
#include "storage/queue/queue_keys.hpp"
#include "storage/replication/operation.hpp"

namespace gridmail {

/// Chunks that nobody submits are swept after this.
inline constexpr Duration staged_chunks_kept = std::chrono::hours(24);
/// How long an entry that was handed out is remembered: as long as mailboxes remember its GUIDs.
inline constexpr Duration done_entry_kept = std::chrono::hours(24 * 30);

/// What a submission made.
struct SubmittedEntry {
  bool is_new = false;     ///< otherwise it was there before, and nothing was made
  bool for_users = false;  ///< somebody here is to get it
  std::vector<QueueKeys::OutgoingDue> dues;
  std::vector<queue::Waiting> waiting;  ///< of the parcel behind each of these; empty for a report
};

struct SettledParcel {
  std::vector<std::string> dropped;  ///< failed without anybody being told
  std::optional<WallMicros> next;    ///< when something of it is due again
};

/// Lives for one change, on the slot's strand. Of one id there is at any time a staged mark, an entry, or a
/// done mark, or nothing; a staged mark and a done mark have one due key each, and no entry has one.
class QueueChange {
 public:
  QueueChange(OperationBuilder& builder, SlotId slot, WallMicros now)
      : builder_(builder), keys_(slot), now_(now) {}

  /// Does nothing once the entry was submitted. Errors: invalid.
  [[nodiscard]] Task<Result<void>> stage(const queue::StageChunk& chunk);
  /// Does nothing when the entry was submitted before. Errors: invalid; conflict when its chunks were swept
  /// meanwhile.
  [[nodiscard]] Task<Result<void>> submit(const queue::Submit& submit, SubmittedEntry* submitted);
  /// These recipients, who are here, have it; the sender is told of those for whom that was asked. With the
  /// last of all the entry goes, and its chunks are due.
  [[nodiscard]] Task<Result<void>> handed_out(QueueEntryId id, const std::vector<std::uint32_t>& recipients);

  // What goes elsewhere (parcel_change.cpp).
  using Outcomes = std::vector<queue::Outcome>;
  /// What came of an attempt. Does nothing for recipients who were settled before.
  [[nodiscard]] Task<Result<void>> settle_parcel(QueueEntryId id, std::uint32_t number, Outcomes outcomes,
                                                 RetryRules rules, double chance,
                                                 std::shared_ptr<SettledParcel> settled);
  /// The sender was told, or nobody can be.
  [[nodiscard]] Task<Result<void>> report_told(QueueEntryId id, std::uint32_t number);
  [[nodiscard]] Task<Result<void>> report_later(QueueEntryId id, std::uint32_t number, RetryRules rules,
                                                double chance);
  /// All that goes elsewhere is due now; what is held stays so. Errors: not_found (no such entry).
  [[nodiscard]] Task<Result<void>> retry_now(QueueEntryId id);
  /// Nobody is given it until it is released. Errors: not_found.
  [[nodiscard]] Task<Result<void>> hold(QueueEntryId id, bool held);

  /// Nobody who does not have it yet gets it. Errors: not_found (no such entry, or handed out by now).
  [[nodiscard]] Task<Result<void>> remove_entry(QueueEntryId id);
  /// Errors: not_found.
  [[nodiscard]] Task<Result<void>> check_there(QueueEntryId id);
  [[nodiscard]] static Result<void> not_there(QueueEntryId id);
  /// Does what was due under these keys of due(), as much as one operation holds.
  [[nodiscard]] Task<Result<void>> settle_dues(std::vector<Bytes> due_keys);
  /// An entry went: its chunks are due.
  [[nodiscard]] bool has_finished() const { return finished_; }

 private:
  [[nodiscard]] Task<Result<bool>> was_submitted(QueueEntryId id);
  [[nodiscard]] Task<Result<void>> settle_due(QueueEntryId id, Bytes due_key);
  [[nodiscard]] Task<Result<void>> put_mark(QueueEntryId id, const queue::StagedMark& mark);
  [[nodiscard]] Task<Result<void>> remove_mark(QueueEntryId id, const queue::StagedMark& mark);
  [[nodiscard]] Task<Result<void>> finish(QueueEntryId id);
  [[nodiscard]] Task<Result<void>> finish_if_done(QueueEntryId id);
  [[nodiscard]] Task<Result<void>> owe_delivered(QueueEntryId id, std::uint32_t first,
                                                 std::vector<queue::Recipient> recipients);
  void put_new_parcels(QueueEntryId id, const queue::Submit& submit, SubmittedEntry* submitted);
  /// Those for whom it was decided before: the sender is to be told.
  void put_refused(QueueEntryId id, const queue::Submit& submit, SubmittedEntry* submitted);
  [[nodiscard]] Task<Result<void>> replace_parcel(QueueEntryId id, std::uint32_t number, queue::Parcel old,
                                                  std::optional<queue::Parcel> now);
  [[nodiscard]] Task<Result<void>> replace_report(QueueEntryId id, std::uint32_t number,
                                                  std::optional<queue::Report> old,
                                                  std::optional<queue::Report> now);
  [[nodiscard]] Task<Result<void>> remove_outgoing(QueueEntryId id);
  template <class Record>
  struct Numbered {
    std::uint32_t number = 0;
    Record record;
  };
  /// All records below a key of QueueKeys::parcels_of() or reports_of().
  template <class Record>
  [[nodiscard]] Task<Result<std::vector<Numbered<Record>>>> load_all(Bytes first) {
    const auto pairs = co_await builder_.scan(Family::meta, first, prefix_end(first), SIZE_MAX);
    if (!pairs) co_return tl::unexpected(pairs.error());
    std::vector<Numbered<Record>> all;
    for (const auto& pair : *pairs) {
      auto record = decode_record<Record>(pair.value);
      if (!record) co_return tl::unexpected(record.error());
      all.push_back({QueueKeys::numbered_in(pair.key).second, std::move(*record)});
    }
    co_return all;
  }
  void sweep_chunks(QueueEntryId id, std::uint32_t count);
  template <class Record>
  [[nodiscard]] Task<Result<std::optional<Record>>> load(Bytes key) {
    auto value = co_await builder_.get(Family::meta, std::move(key));
    co_return decode_stored<Record>(value);
  }
  [[nodiscard]] Task<Result<void>> put(Bytes key, Bytes value) {
    return builder_.put(Family::meta, std::move(key), std::move(value));
  }
  [[nodiscard]] Task<Result<void>> remove(Bytes key) { return builder_.remove(Family::meta, std::move(key)); }

  OperationBuilder& builder_;
  QueueKeys keys_;
  WallMicros now_;
  bool finished_ = false;
};

}  // namespace gridmail
