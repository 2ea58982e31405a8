// The keys of one user in the user's slot. Layout and values: LAYOUT.md.
#pragma once
#include <string_view>

#include "node/base/ids.hpp"
#include "node/base/key_range.hpp"
#include "storage/replication/slot_age.hpp"

namespace gridmail {

class MailboxKeys {
 public:
  MailboxKeys(SlotId slot, UserId user);

  [[nodiscard]] Bytes user() const { return key('U'); }
  [[nodiscard]] Bytes name(std::string_view name) const { return key('N', name); }
  [[nodiscard]] Bytes mailbox(MailboxId mailbox) const { return key('M', mailbox); }
  [[nodiscard]] Bytes keywords(MailboxId mailbox) const { return key('K', mailbox); }
  [[nodiscard]] Bytes entry(MailboxId mailbox, Uid uid) const;
  [[nodiscard]] Bytes block(MailboxId mailbox, std::uint32_t number) const;
  [[nodiscard]] Bytes changed(MailboxId mailbox, ModSeq modseq, Uid uid) const;
  [[nodiscard]] Bytes expunged(MailboxId mailbox, ModSeq modseq) const;
  [[nodiscard]] Bytes past_entry(AgeMicros age, MailboxId mailbox, Uid uid) const;
  [[nodiscard]] Bytes removed_mailbox(MailboxId mailbox) const { return key('D', mailbox); }
  [[nodiscard]] Bytes staged_copy(MailboxId mailbox, Uid first) const;
  [[nodiscard]] Bytes email(EmailId email) const { return key('R', email.view()); }
  [[nodiscard]] Bytes message(EmailId email) const { return key('S', email.view()); }
  [[nodiscard]] Bytes unused_email(AgeMicros since, EmailId email) const;
  [[nodiscard]] Bytes guid(Guid guid) const { return key('G', guid.view()); }
  [[nodiscard]] Bytes guid_expiry(AgeMicros expires, Guid guid) const;
  /// In family body.
  [[nodiscard]] Bytes chunk(EmailId email, std::uint32_t index) const;

  /// Every key of the user, in either family.
  [[nodiscard]] KeyRange everything() const;
  [[nodiscard]] KeyRange names() const { return kind('N'); }
  /// Names that begin with `prefix`.
  [[nodiscard]] KeyRange names(std::string_view prefix) const;
  [[nodiscard]] KeyRange blocks(MailboxId mailbox) const;
  /// Entries with UIDs in [first, last].
  [[nodiscard]] KeyRange entries(MailboxId mailbox, Uid first, Uid last) const;
  /// Messages changed in (after, through].
  [[nodiscard]] KeyRange changed_range(MailboxId mailbox, ModSeq after, ModSeq through) const;
  [[nodiscard]] KeyRange expunged_range(MailboxId mailbox, ModSeq after, ModSeq through) const;
  /// Everything of one kind that belongs to the mailbox.
  [[nodiscard]] KeyRange of_mailbox(char kind, MailboxId mailbox) const;
  [[nodiscard]] KeyRange removed_mailboxes() const { return kind('D'); }
  [[nodiscard]] KeyRange staged_copies() const { return kind('T'); }
  [[nodiscard]] KeyRange past_entries() const { return kind('P'); }
  [[nodiscard]] KeyRange past_entries(AgeMicros until) const;
  [[nodiscard]] KeyRange unused_emails(AgeMicros until) const;
  [[nodiscard]] KeyRange expired_guids(AgeMicros until) const;

  /// What follows the kind byte in one of this user's keys.
  [[nodiscard]] BytesView rest(BytesView key) const { return key.substr(prefix_.size() + 1); }

 private:
  [[nodiscard]] Bytes key(char kind, BytesView rest = {}) const;
  [[nodiscard]] Bytes key(char kind, std::uint32_t number) const;
  [[nodiscard]] Bytes aged(char kind, AgeMicros age, BytesView rest) const;
  [[nodiscard]] KeyRange kind(char kind) const;

  Bytes prefix_;
};

/// Keys [begin, end) of all users of a slot, and the user in one of them.
[[nodiscard]] KeyRange users_of(SlotId slot);
[[nodiscard]] std::optional<UserId> user_in(BytesView key);

}  // namespace gridmail
