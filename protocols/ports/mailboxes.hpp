// The Mailboxes port: what IMAP and POP3 need from storage, wherever the mailbox lies. node/services binds it
// to the grid. All calls are made on the session's strand and resume there.
//
// Errors common to all: unavailable (after waiting up to 15 s for the slot; outcome of a change is then
// unknown, but it is applied at most once), busy, no_space, cancelled. Calls that name a mailbox by id give
// not_found when it is gone. Storage speaks UIDs and MODSEQ only; sequence numbers exist on the front
// (design, section 4).
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "node/base/clock.hpp"
#include "node/base/ids.hpp"
#include "node/base/message_range.hpp"
#include "node/base/store.hpp"
#include "node/base/uid_set.hpp"

namespace gridmail::ports {

/// RFC 3501, 2.3.2; \Recent is not stored.
struct Flag {
  static constexpr std::uint8_t seen = 1, answered = 2, flagged = 4, deleted = 8, draft = 16;
};

/// Flags of one message; keywords keep the case they were first given, compare without it, and are sorted.
struct Flags {
  std::uint8_t system = 0;
  std::vector<std::string> keywords;
  bool operator==(const Flags&) const = default;
};

using gridmail::UidSet;

enum class SpecialUse : std::uint8_t { none, drafts, sent, archive, junk, trash, all, flagged };  // RFC 6154

struct MailboxInfo {
  MailboxId id = 0;  ///< 0: not a mailbox, only a name with children or a subscription
  std::string name;  ///< UTF-8, NFC, hierarchy separator '/'; INBOX in capitals
  SpecialUse use = SpecialUse::none;
  bool subscribed = false;
  bool selectable = false;
};

/// RFC 3501, 6.3.10. `recent` as the primary knows it; failover may give it twice.
struct MailboxStatus {
  MailboxId id = 0;
  UidValidity uid_validity = 0;
  Uid uid_next = 1;
  ModSeq highest_modseq = 1;
  std::uint64_t messages = 0, unseen = 0, recent = 0, deleted = 0, bytes = 0;
};

/// What SELECT needs in one answer, consistent at `status.highest_modseq`.
struct OpenedMailbox {
  MailboxStatus status;
  std::string name;
  UidSet uids;
  Uid first_unseen = 0;  ///< 0: none
  UidSet recent;         ///< what this session shows as \Recent; empty for EXAMINE's side effects
  std::vector<std::string> keywords;  ///< in use in this mailbox
};

/// One message of one mailbox, without its content.
struct Entry {
  Uid uid = 0;
  ModSeq modseq = 0;
  Flags flags;
  WallMicros internal_date = 0;   ///< UTC
  std::int16_t zone_minutes = 0;  ///< the offset the date was given with
  std::uint64_t size = 0;         ///< RFC822.SIZE, with what delivery put in front
  EmailId email;
};

/// What happened after `since`. When the mailbox no longer remembers that far, `complete` carries all UIDs
/// instead.
struct Changes {
  ModSeq highest_modseq = 0;
  Uid uid_next = 1;
  std::vector<Entry> changed;  ///< new and altered messages, by UID
  UidSet expunged;
  std::optional<UidSet> complete;
  Uid recent_from = 0;  ///< messages from here on are \Recent to this session
};

enum class FlagChange : std::uint8_t { replace, add, remove };

struct StoreOutcome {
  std::vector<Entry> entries;  ///< every named message that exists, as it is now, by UID
  UidSet missing;              ///< named but expunged meanwhile
};

/// COPYUID, RFC 4315: pairs in the order of the source UIDs.
struct CopyOutcome {
  UidValidity uid_validity = 0;
  std::vector<std::pair<Uid, Uid>> uids;
};

struct AppendOutcome {
  UidValidity uid_validity = 0;
  Uid uid = 0;
};

/// Collects a message of unknown length: 256 KiB in memory, the rest in an unlinked file (design, section 7).
class Spool {
 public:
  virtual ~Spool() = default;
  /// Errors: too_large over message_bytes_max, busy, no_space, io.
  [[nodiscard]] virtual Result<void> append(BytesView bytes) = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
};

class Mailboxes {
 public:
  virtual ~Mailboxes() = default;

  // Mailboxes as a whole. Names are UTF-8 NFC without leading or trailing separator; INBOX in any case.
  /// Every mailbox, every missing parent (id 0), every subscription to a name that does not exist; sorted by
  /// name.
  [[nodiscard]] virtual Task<Result<std::vector<MailboxInfo>>> list(UserId user) = 0;
  [[nodiscard]] virtual Task<Result<MailboxStatus>> status(UserId user, std::string name) = 0;
  /// Missing parents are made as well. Errors: already_exists, invalid.
  [[nodiscard]] virtual Task<Result<void>> create(UserId user, std::string name, SpecialUse use) = 0;
  /// Errors: not_found, invalid (INBOX; a name without mailbox). Children stay.
  [[nodiscard]] virtual Task<Result<void>> remove(UserId user, std::string name) = 0;
  /// With all children; INBOX: moves its messages to the new mailbox (RFC 3501, 6.3.5).
  [[nodiscard]] virtual Task<Result<void>> rename(UserId user, std::string from, std::string to) = 0;
  [[nodiscard]] virtual Task<Result<void>> subscribe(UserId user, std::string name, bool subscribed) = 0;

  // One mailbox.
  /// `read_only` (EXAMINE) does not move the \Recent watermark.
  [[nodiscard]] virtual Task<Result<OpenedMailbox>> open(UserId user, std::string name, bool read_only) = 0;
  /// Moves the \Recent watermark past what is new, unless `read_only`: later sessions do not see that as
  /// \Recent (RFC 3501, 2.3.2).
  [[nodiscard]] virtual Task<Result<Changes>> changes(UserId user, MailboxId mailbox, ModSeq since,
                                                      bool read_only) = 0;
  /// Those of the named messages that exist, by UID.
  [[nodiscard]] virtual Task<Result<std::vector<Entry>>> entries(UserId user, MailboxId mailbox,
                                                                 UidSet uids) = 0;
  /// Those of the named messages that are expunged but not yet swept (half an hour at least), as they were
  /// last, by UID: a client that was not told of the EXPUNGE may still fetch them (RFC 3501, 7.4.1).
  [[nodiscard]] virtual Task<Result<std::vector<Entry>>> expunged_entries(UserId user, MailboxId mailbox,
                                                                          UidSet uids) = 0;
  /// Returns when the mailbox's MODSEQ has passed `since`, or at `until`; losing a push costs delay only.
  [[nodiscard]] virtual Task<Result<void>> wait_for_change(UserId user, MailboxId mailbox, ModSeq since,
                                                           TimePoint until) = 0;

  // Messages. They are read by e-mail id, which answers also after an EXPUNGE until the sweep.
  /// What the MIME parser stored at delivery: protocols/mime/structure_codec reads it.
  [[nodiscard]] virtual Task<Result<std::vector<std::pair<EmailId, Bytes>>>> structures(
      UserId user, std::vector<EmailId> emails) = 0;
  /// The first of the ranges, in their order, as far as one answer goes (at least one); the last piece may be
  /// shorter than its range, by at least one byte of progress unless the message ends there. Errors:
  /// not_found when the first one's message is gone; one further on that cannot be read only ends the answer.
  [[nodiscard]] virtual Task<Result<std::vector<Bytes>>> read(UserId user,
                                                              std::vector<MessageRange> ranges) = 0;

  // Changes: each one operation, all or nothing, applied once however often it had to be retried.
  [[nodiscard]] virtual Task<Result<StoreOutcome>> store(UserId user, MailboxId mailbox, UidSet uids,
                                                         FlagChange change, Flags flags) = 0;
  /// Errors: not_found with text "TRYCREATE" when the target is missing; conflict when a source message is
  /// gone.
  [[nodiscard]] virtual Task<Result<CopyOutcome>> copy(UserId user, MailboxId mailbox, UidSet uids,
                                                       std::string target) = 0;
  /// RFC 6851: one operation; messages already expunged are left out.
  [[nodiscard]] virtual Task<Result<CopyOutcome>> move(UserId user, MailboxId mailbox, UidSet uids,
                                                       std::string target) = 0;
  /// Removes those of `uids` that have \Deleted (`only_deleted`) or all of them (POP3). Returns what it
  /// removed.
  [[nodiscard]] virtual Task<Result<UidSet>> expunge(UserId user, MailboxId mailbox, UidSet uids,
                                                     bool only_deleted) = 0;
  [[nodiscard]] virtual std::unique_ptr<Spool> begin_message() = 0;
  /// Parses, stores and commits. Errors: not_found with text "TRYCREATE".
  [[nodiscard]] virtual Task<Result<AppendOutcome>> append(UserId user, std::string name, Flags flags,
                                                           WallMicros date, std::int16_t zone_minutes,
                                                           std::unique_ptr<Spool> message) = 0;
};

}  // namespace gridmail::ports
