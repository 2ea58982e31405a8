// MailboxReader: answers about one user's mailboxes from one snapshot of the slot.
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "node/base/uid_set.hpp"
#include "storage/mailbox/keyword_table.hpp"
#include "storage/mailbox/mailbox_keys.hpp"
#include "storage/mailbox/recent_marks.hpp"
#include "storage/mailbox/records.pb.h"
#include "storage/mailbox/uid_block.hpp"
#include "storage/replication/operation.hpp"

namespace gridmail {

/// On the slot's strand, which it leaves to others between pages. One reader per request. Errors of all:
/// not_found "user" or "mailbox", corrupted, io. `recent` must outlive the reader.
class MailboxReader {
 public:
  MailboxReader(std::shared_ptr<const Snapshot> snapshot, MailboxKeys keys, const RecentMarks& recent)
      : snapshot_(std::move(snapshot)), keys_(std::move(keys)), recent_(recent) {}

  [[nodiscard]] Task<Result<mailbox::Usage>> usage();
  /// With every missing parent.
  [[nodiscard]] Task<Result<mailbox::Listing>> list();
  [[nodiscard]] Task<Result<mailbox::Status>> status(std::string name);
  [[nodiscard]] Task<Result<mailbox::Opened>> open(std::string name);
  [[nodiscard]] Task<Result<ModSeq>> highest_modseq(MailboxId mailbox);
  [[nodiscard]] Task<Result<mailbox::Changes>> changes(MailboxId mailbox, ModSeq since);
  [[nodiscard]] Task<Result<mailbox::EntryPage>> entries(MailboxId mailbox, UidSet wanted);
  /// Those expunged lately whose bytes are still here, by UID. Errors: invalid (over 2,000 messages).
  [[nodiscard]] Task<Result<mailbox::EntryPage>> expunged_entries(MailboxId mailbox, UidSet wanted);

 private:
  [[nodiscard]] Task<Result<void>> check_user();
  [[nodiscard]] Task<Result<mailbox::MailboxRecord>> mailbox(MailboxId id);
  [[nodiscard]] Task<Result<KeywordTable>> keywords(MailboxId id);
  [[nodiscard]] Task<Result<MailboxId>> find(std::string name);

  using Blocks = std::map<std::uint32_t, UidBlock>;
  /// The blocks that hold UIDs in [first, last].
  [[nodiscard]] Task<Result<Blocks>> blocks(MailboxId id, Uid first, Uid last);
  /// Whether the message is visible; `known` keeps the blocks looked at.
  [[nodiscard]] Task<Result<bool>> shows(MailboxId id, Uid uid, Blocks& known);
  [[nodiscard]] mailbox::Status status_of(MailboxId id, const mailbox::MailboxRecord& record,
                                          const UidSet& recent);
  [[nodiscard]] Task<Result<UidSet>> recent_in(MailboxId id, const mailbox::MailboxRecord& record);

  [[nodiscard]] Task<Result<void>> add_changed(MailboxId id, ModSeq since, mailbox::Changes& changes);
  [[nodiscard]] Task<Result<void>> add_expunged(MailboxId id, ModSeq since, mailbox::Changes& changes);
  [[nodiscard]] Task<Result<void>> add_run(MailboxId id, UidSet::Run run, const KeywordTable& keywords,
                                           mailbox::EntryPage& page);

  std::shared_ptr<const Snapshot> snapshot_;
  MailboxKeys keys_;
  const RecentMarks& recent_;
};

}  // namespace gridmail
