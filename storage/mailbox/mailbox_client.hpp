// MailboxClient: what a front asks of mailboxes, wherever they are. Typed calls over a SlotClient; every
// change gets a GUID, so that it is applied once however often it is sent.
#pragma once
#include <string>
#include <vector>

#include "node/base/message_range.hpp"
#include "node/base/random.hpp"
#include "node/base/uid_set.hpp"
#include "storage/mailbox/mailbox.pb.h"
#include "storage/mailbox/message_body.hpp"
#include "storage/replication/slot_access.hpp"

namespace gridmail {

/// A message to be stored, beside its body.
struct NewMessage {
  std::string mailbox;  ///< empty: INBOX
  Bytes prefix;         ///< header fields that delivery puts in front of the body; may be empty
  Bytes structure;      ///< of prefix and body together: protocols/mime/structure_codec
  mailbox::Flags flags;
  WallMicros internal_date = 0;  ///< 0: when the slot takes it
  std::int16_t zone_minutes = 0;
};

/// Thread-safe, without state of its own; must outlive its calls. Errors common to all calls: those of
/// SlotClient, and not_found with text "user" when the user's slot has no such user. Calls with a mailbox id
/// give not_found "mailbox" when it is gone. Names as in ports::Mailboxes: UTF-8 NFC, separator '/', INBOX in
/// any case.
class MailboxClient {
 public:
  using Options = SlotClient::Options;
  /// `random` and `slots` must outlive the client.
  MailboxClient(SlotClient& slots, Random& random) : slots_(slots), random_(random) {}

  [[nodiscard]] SlotId slot_of(UserId user) const { return slots_.slot_for(user.view()); }

  // Users.
  /// INBOX and the special-use mailboxes, subscribed. Success also when the user exists.
  [[nodiscard]] Task<Result<void>> create_user(UserId user, Options options = {});
  /// Drops everything that the user has. Success also when there is nothing.
  [[nodiscard]] Task<Result<void>> remove_user(UserId user, Options options = {});
  [[nodiscard]] Task<Result<mailbox::Usage>> usage(UserId user, Options options = {});
  /// Drops what is due now instead of some time later.
  [[nodiscard]] Task<Result<void>> sweep(UserId user, Options options = {});

  // Messages in.
  /// Stores a message under the delivery's GUID, kept for 30 days: any node may repeat the call with the same
  /// GUID and the same bytes, and gets the first outcome. A named mailbox that is gone means INBOX. `body`
  /// must outlive the call. Long bodies are staged in chunks first. Errors: too_large (prefix and structure
  /// over 512 KiB).
  [[nodiscard]] Task<Result<mailbox::Added>> deliver(UserId user, Guid guid, NewMessage message,
                                                     const MessageBody& body, Options options = {});
  /// IMAP APPEND. Errors: not_found with text "TRYCREATE".
  [[nodiscard]] Task<Result<mailbox::Added>> append(UserId user, NewMessage message, const MessageBody& body,
                                                    Options options = {});

  // Mailboxes as a whole.
  [[nodiscard]] Task<Result<mailbox::Listing>> list(UserId user);
  [[nodiscard]] Task<Result<mailbox::Status>> status(UserId user, std::string name);
  [[nodiscard]] Task<Result<void>> create(UserId user, std::string name, mailbox::SpecialUse use);
  [[nodiscard]] Task<Result<void>> remove(UserId user, std::string name);
  [[nodiscard]] Task<Result<void>> rename(UserId user, std::string from, std::string to);
  [[nodiscard]] Task<Result<void>> subscribe(UserId user, std::string name, bool subscribed);

  // One mailbox.
  [[nodiscard]] Task<Result<mailbox::Opened>> open(UserId user, std::string name, bool read_only);
  /// All changes after `since`, gathered from as many answers as it takes; `more` is never set.
  [[nodiscard]] Task<Result<mailbox::Changes>> changes(UserId user, MailboxId mailbox, ModSeq since,
                                                       bool read_only);
  [[nodiscard]] Task<Result<std::vector<mailbox::Entry>>> entries(UserId user, MailboxId mailbox,
                                                                  UidSet uids);
  /// As they were before they were expunged; only those expunged in the last half hour or so.
  [[nodiscard]] Task<Result<std::vector<mailbox::Entry>>> expunged_entries(UserId user, MailboxId mailbox,
                                                                           UidSet uids);
  /// Asks for pushes about the mailbox for a while; answers its MODSEQ.
  [[nodiscard]] Task<Result<ModSeq>> watch(UserId user, MailboxId mailbox, Options options = {});

  // Messages out.
  [[nodiscard]] Task<Result<std::vector<std::pair<EmailId, Bytes>>>> structures(UserId user,
                                                                                std::vector<EmailId> emails);
  /// The first of the ranges, as far as one answer goes; the last of them may be cut short.
  [[nodiscard]] Task<Result<std::vector<Bytes>>> read(UserId user, std::vector<MessageRange> ranges);

  // Changes of messages. STORE, MOVE and EXPUNGE of very many messages go in several requests, each all or
  // nothing; COPY is always all or nothing.
  [[nodiscard]] Task<Result<mailbox::Stored>> store(UserId user, MailboxId mailbox, UidSet uids,
                                                    mailbox::Store::Change change, mailbox::Flags flags);
  /// Errors: not_found "TRYCREATE"; conflict when a source message is gone.
  [[nodiscard]] Task<Result<mailbox::Copied>> copy(UserId user, MailboxId mailbox, UidSet uids,
                                                   std::string target);
  [[nodiscard]] Task<Result<mailbox::Copied>> move(UserId user, MailboxId mailbox, UidSet uids,
                                                   std::string target);
  [[nodiscard]] Task<Result<UidSet>> expunge(UserId user, MailboxId mailbox, UidSet uids, bool only_deleted);

 private:
  [[nodiscard]] Task<Result<mailbox::Answer>> ask(mailbox::Request request, Options options);
  [[nodiscard]] mailbox::Request reading(UserId user) const;
  [[nodiscard]] mailbox::Request changing(UserId user) const;
  [[nodiscard]] Task<Result<mailbox::Added>> add(UserId user, Guid guid, mailbox::Add::By by,
                                                 NewMessage message, const MessageBody& body,
                                                 Options options);
  [[nodiscard]] Task<Result<void>> stage(UserId user, EmailId email, const MessageBody& body,
                                         Options options);

  SlotClient& slots_;
  Random& random_;
};

}  // namespace gridmail
