// UserChange: one request's change of one user's records, drafted over an operation.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "storage/mailbox/mailbox_change.hpp"
#include "storage/mailbox/recent_marks.hpp"

namespace gridmail {

/// When a change is made.
struct Times {
  WallMicros wall = 0;  ///< for dates that clients see
  AgeMicros age = 0;    ///< of the slot: for all that is forgotten some day
};

/// Use: read and change, then finish(), or drop it and nothing has happened. On the slot's strand.
class UserChange {
 public:
  UserChange(OperationBuilder& operation, const MailboxKeys& keys, const RecentMarks& recent, Times times)
      : draft_(operation), keys_(keys), recent_(recent), times_(times) {}
  UserChange(const UserChange&) = delete;
  UserChange& operator=(const UserChange&) = delete;

  [[nodiscard]] Draft& draft() { return draft_; }
  [[nodiscard]] const MailboxKeys& keys() const { return keys_; }
  [[nodiscard]] WallMicros wall() const { return times_.wall; }
  [[nodiscard]] AgeMicros age() const { return times_.age; }

  /// Must be called before anything else is changed. Errors: not_found "user".
  [[nodiscard]] Task<Result<mailbox::UserRecord*>> user();
  void create_user(mailbox::UserRecord record) { user_ = std::move(record); }
  /// Messages and bytes of all mailboxes together.
  void count(std::int64_t messages, std::int64_t bytes);

  /// The name's record, empty when there is none. `name` is canonical.
  [[nodiscard]] Task<Result<mailbox::NameRecord>> name(const std::string& name);
  /// Stores `after` in place of `before`; a record that says nothing more is dropped. Errors: too_large.
  [[nodiscard]] Result<void> put_name(const std::string& name, const mailbox::NameRecord& before,
                                      const mailbox::NameRecord& after);

  /// Errors: not_found "mailbox".
  [[nodiscard]] Task<Result<MailboxChange*>> mailbox(MailboxId id);
  /// Errors: not_found "mailbox", invalid.
  [[nodiscard]] Task<Result<MailboxChange*>> mailbox_named(const std::string& name);
  /// An empty mailbox with the next id and UIDVALIDITY. Errors: too_large.
  [[nodiscard]] Result<MailboxChange*> create_mailbox();
  /// Takes the mailbox from the user; its entries go by the sweep.
  void remove_mailbox(MailboxChange& mailbox);
  [[nodiscard]] std::uint32_t draw_uid_validity();

  /// One more entry, or one less, names the e-mail. Errors: corrupted.
  [[nodiscard]] Task<Result<void>> add_use(const Bytes& email) { return change_uses(email, 1); }
  [[nodiscard]] Task<Result<void>> drop_use(const Bytes& email) { return change_uses(email, -1); }

  /// Writes the kept records into the draft; bytes() is final then.
  void finish();
  [[nodiscard]] std::size_t bytes() const { return draft_.bytes(); }
  /// Hands the draft to the operation. After finish().
  [[nodiscard]] Task<Result<void>> apply() { return draft_.apply(); }

  /// What watchers are told, once committed.
  struct News {
    MailboxId mailbox;
    ModSeq highest_modseq;
  };
  [[nodiscard]] std::vector<News> news() const;

 private:
  [[nodiscard]] Task<Result<void>> change_uses(const Bytes& email, std::int64_t by);

  Draft draft_;
  const MailboxKeys& keys_;
  const RecentMarks& recent_;
  Times times_;
  std::optional<mailbox::UserRecord> user_;
  Bytes user_before_;
  std::map<MailboxId, std::unique_ptr<MailboxChange>> mailboxes_;
  std::vector<MailboxId> removed_;
};

}  // namespace gridmail
