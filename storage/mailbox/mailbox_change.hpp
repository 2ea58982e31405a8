// MailboxChange: one mailbox while a request changes it. It keeps the entries, the blocks of UIDs, the index
// of changes and the counters in step, so that the requests themselves only say what happens to which
// message.
#pragma once
#include <map>
#include <set>

#include "node/base/uid_set.hpp"
#include "storage/mailbox/draft.hpp"
#include "storage/mailbox/keyword_table.hpp"
#include "storage/mailbox/uid_block.hpp"

namespace gridmail {

class UserChange;

/// All changes of one request get the same MODSEQ, one above the mailbox's before. Owned by a UserChange.
class MailboxChange {
 public:
  MailboxChange(UserChange& user, MailboxId id, mailbox::MailboxRecord record)
      : user_(user), id_(id), record_(std::move(record)) {}

  [[nodiscard]] MailboxId id() const { return id_; }
  [[nodiscard]] const mailbox::MailboxRecord& record() const { return record_; }
  [[nodiscard]] bool changed() const { return changed_; }
  /// For what is not a message: UIDVALIDITY after a rename.
  [[nodiscard]] mailbox::MailboxRecord& change_record() {
    changed_ = true;
    return record_;
  }
  [[nodiscard]] Task<Result<KeywordTable*>> keywords();

  /// Those of `wanted` that exist, the lowest `count_max` at most; `next` is the first UID not looked at, or
  /// 0.
  struct Existing {
    UidSet uids;
    Uid next = 0;
  };
  enum class Which : std::uint8_t { all, only_deleted };
  [[nodiscard]] Task<Result<Existing>> existing(UidSet wanted, std::size_t count_max,
                                                Which which = Which::all);
  /// Errors: corrupted when there is no such entry.
  [[nodiscard]] Task<Result<mailbox::EntryRecord>> entry(Uid uid);

  /// Takes the next UIDs. Errors: too_large when the mailbox has none left (RFC 3501, 2.3.1.1: 32 bits).
  [[nodiscard]] Result<Uid> draw_uids(std::uint32_t count = 1);
  /// A new message under a drawn UID. `modseq` of the record is set here.
  [[nodiscard]] Task<Result<void>> insert(Uid uid, mailbox::EntryRecord entry);
  [[nodiscard]] Task<Result<void>> update(Uid uid, const mailbox::EntryRecord& before,
                                          mailbox::EntryRecord after);
  /// The entry is kept aside for a while, for sessions that were not told yet (RFC 3501, 7.4.1).
  [[nodiscard]] Task<Result<void>> erase(Uid uid, const mailbox::EntryRecord& entry);

  /// As insert, but not shown to anybody until `show`, in a later operation, has been called with the same
  /// record. No other change of the mailbox may come between.
  void stage(Uid uid, mailbox::EntryRecord entry);
  [[nodiscard]] Task<Result<void>> show(Uid uid, bool seen, bool deleted, std::uint64_t size);

  /// Writes what is kept here into the draft. `now`: the date of expunged UIDs.
  void finish(Draft& draft, const MailboxKeys& keys, AgeMicros age);

 private:
  [[nodiscard]] Task<Result<UidBlock*>> block(Uid uid);
  ModSeq raise();
  void count(const UidBlock& block, Uid uid, std::int64_t by);

  UserChange& user_;
  MailboxId id_;
  mailbox::MailboxRecord record_;
  bool changed_ = false;
  bool raised_ = false;
  std::map<std::uint32_t, UidBlock> blocks_;
  std::set<std::uint32_t> blocks_changed_;
  UidSet expunged_;
  std::optional<KeywordTable> keywords_;
};

/// \Seen and \Deleted of a record.
[[nodiscard]] bool is_seen(const mailbox::EntryRecord& entry);
[[nodiscard]] bool is_deleted(const mailbox::EntryRecord& entry);

}  // namespace gridmail
