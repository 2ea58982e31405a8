// The Mailboxes port in memory, for tests of the protocols: the port's contract in its plainest form.
#pragma once
#include <asio/any_io_executor.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "node/runtime/timer.hpp"
#include "protocols/ports/mailboxes.hpp"

namespace gridmail::testing {

/// One thread; several sessions may share it and see each other's changes. Calls end at once unless told
/// otherwise.
class MemoryMailboxes final : public ports::Mailboxes {
 public:
  explicit MemoryMailboxes(Clock& clock) : clock_(clock) {}

  /// Makes INBOX, and Drafts, Sent, Archive, Junk, Trash with their use, subscribed.
  void add_user(UserId user);
  /// As a delivery would: the message is there when it returns. The mailbox must exist. `zone_minutes` is
  /// +0000.
  Uid deliver(UserId user, const std::string& mailbox, std::string bytes, ports::Flags flags = {},
              WallMicros internal_date = 1'700'000'000'000'000);
  /// As another session's STORE and EXPUNGE would.
  void set_flags(UserId user, const std::string& mailbox, Uid uid, ports::Flags flags);
  void expunge_now(UserId user, const std::string& mailbox, Uid uid);
  /// The bytes of a message, and its flags.
  [[nodiscard]] const std::string& bytes_of(UserId user, const std::string& mailbox, Uid uid) const;
  [[nodiscard]] const ports::Flags& flags_of(UserId user, const std::string& mailbox, Uid uid) const;
  [[nodiscard]] ports::UidSet uids_of(UserId user, const std::string& mailbox) const;

  /// Every call that can fail answers with this code until it is cleared; calls that only read may be spared.
  void fail_with(std::optional<Errc> code, bool reads_too = true) { failure_ = {code, reads_too}; }
  /// One answer of read() holds at most so many bytes.
  void read_at_most(std::uint64_t bytes) { read_max_ = bytes; }
  /// So many calls of read() succeed, then they are unavailable.
  void fail_reads_after(std::size_t reads) { reads_left_ = reads; }
  void set_message_bytes_max(std::uint64_t bytes) { message_bytes_max_ = bytes; }
  /// changes() answers with the whole set, as if every expunge were older than what is kept.
  void set_forgetful(bool forgetful) { forgetful_ = forgetful; }
  /// As the sweep: the message's bytes and structure are gone.
  void sweep(UserId user, const std::string& mailbox, Uid uid);
  /// Calls of read() so far.
  [[nodiscard]] std::size_t reads_asked() const { return reads_asked_; }
  /// Calls of changes() so far.
  [[nodiscard]] std::size_t changes_asked() const { return changes_asked_; }

  [[nodiscard]] Task<Result<std::vector<ports::MailboxInfo>>> list(UserId user) override;
  [[nodiscard]] Task<Result<ports::MailboxStatus>> status(UserId user, std::string name) override;
  [[nodiscard]] Task<Result<void>> create(UserId user, std::string name, ports::SpecialUse use) override;
  [[nodiscard]] Task<Result<void>> remove(UserId user, std::string name) override;
  [[nodiscard]] Task<Result<void>> rename(UserId user, std::string from, std::string to) override;
  [[nodiscard]] Task<Result<void>> subscribe(UserId user, std::string name, bool subscribed) override;
  [[nodiscard]] Task<Result<ports::OpenedMailbox>> open(UserId user, std::string name,
                                                        bool read_only) override;
  [[nodiscard]] Task<Result<ports::Changes>> changes(UserId user, MailboxId mailbox, ModSeq since,
                                                     bool read_only) override;
  [[nodiscard]] Task<Result<std::vector<ports::Entry>>> entries(UserId user, MailboxId mailbox,
                                                                ports::UidSet uids) override;
  [[nodiscard]] Task<Result<std::vector<ports::Entry>>> expunged_entries(UserId user, MailboxId mailbox,
                                                                         ports::UidSet uids) override;
  [[nodiscard]] Task<Result<void>> wait_for_change(UserId user, MailboxId mailbox, ModSeq since,
                                                   TimePoint until) override;
  [[nodiscard]] Task<Result<std::vector<std::pair<EmailId, Bytes>>>> structures(
      UserId user, std::vector<EmailId> emails) override;
  [[nodiscard]] Task<Result<std::vector<Bytes>>> read(UserId user, std::vector<MessageRange> ranges) override;
  [[nodiscard]] Task<Result<ports::StoreOutcome>> store(UserId user, MailboxId mailbox, ports::UidSet uids,
                                                        ports::FlagChange change,
                                                        ports::Flags flags) override;
  [[nodiscard]] Task<Result<ports::CopyOutcome>> copy(UserId user, MailboxId mailbox, ports::UidSet uids,
                                                      std::string target) override;
  [[nodiscard]] Task<Result<ports::CopyOutcome>> move(UserId user, MailboxId mailbox, ports::UidSet uids,
                                                      std::string target) override;
  [[nodiscard]] Task<Result<ports::UidSet>> expunge(UserId user, MailboxId mailbox, ports::UidSet uids,
                                                    bool only_deleted) override;
  [[nodiscard]] std::unique_ptr<ports::Spool> begin_message() override;
  [[nodiscard]] Task<Result<ports::AppendOutcome>> append(UserId user, std::string name, ports::Flags flags,
                                                          WallMicros date, std::int16_t zone_minutes,
                                                          std::unique_ptr<ports::Spool> message) override;

 private:
  struct Email {
    std::string bytes;
    Bytes structure;
  };
  struct Tombstone {
    ModSeq modseq;
    ports::Entry entry;
  };
  struct Box {
    MailboxId id = 0;
    UidValidity uid_validity = 0;
    Uid uid_next = 1;
    ModSeq highest_modseq = 1;
    Uid recent_from = 1;  ///< the watermark: UIDs from here on were shown to nobody yet
    ports::SpecialUse use = ports::SpecialUse::none;
    std::map<Uid, ports::Entry> entries;
    std::map<Uid, Tombstone> expunged;
  };
  struct User {
    std::map<std::string, Box> boxes;
    std::set<std::string> subscriptions;
    MailboxId next_id = 1;
    UidValidity next_validity = 1'700'000'000;
  };

  [[nodiscard]] std::optional<Error> read_failure() const;
  [[nodiscard]] std::optional<Error> write_failure() const;
  Box& box(UserId user, const std::string& name);
  [[nodiscard]] const Box& box(UserId user, const std::string& name) const;
  Box* find(UserId user, const std::string& name);
  Box* find(UserId user, MailboxId id);
  Box& make_box(User& user, const std::string& name, ports::SpecialUse use);
  Uid add_entry(Box& box, ports::Entry entry);
  void drop_entry(Box& box, Uid uid);
  EmailId keep(std::string bytes);
  ports::CopyOutcome copy_entries(Box& from, const ports::UidSet& uids, Box& to);
  void wake_waiters();

  struct Failure {
    std::optional<Errc> code;
    bool reads_too = true;
  };
  Clock& clock_;
  std::map<UserId, User> users_;
  std::map<EmailId, Email> emails_;
  std::uint64_t next_email_ = 0;
  std::vector<std::weak_ptr<Event>> waiters_;
  Failure failure_;
  std::uint64_t read_max_ = UINT64_MAX;
  std::size_t reads_left_ = SIZE_MAX;
  std::uint64_t message_bytes_max_ = 50 * 1024 * 1024;
  std::size_t changes_asked_ = 0;
  std::size_t reads_asked_ = 0;
  bool forgetful_ = false;
};

}  // namespace gridmail::testing
