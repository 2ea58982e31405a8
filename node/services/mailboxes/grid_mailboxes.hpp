// GridMailboxes: the protocols' Mailboxes port bound to the grid: every call goes to the primary of the
// user's slot, wherever it is.
#pragma once
#include "node/runtime/worker_pool.hpp"
#include "node/services/mailboxes/change_listener.hpp"
#include "node/services/spool.hpp"
#include "protocols/ports/mailboxes.hpp"
#include "storage/mailbox/mailbox_client.hpp"

namespace gridmail {

/// One per node, for all sessions. Thread-safe, without state of its own; what it is given must outlive its
/// calls.
class GridMailboxes final : public ports::Mailboxes {
 public:
  struct Parts {
    MailboxClient& client;
    Spools& spools;
    ChangeListener& listener;
    Clock& clock;
    WorkerPool* workers = nullptr;  ///< parses long messages; without one it is done where it is called
  };
  explicit GridMailboxes(Parts parts) : parts_(parts) {}

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
                                                                UidSet uids) override;
  [[nodiscard]] Task<Result<std::vector<ports::Entry>>> expunged_entries(UserId user, MailboxId mailbox,
                                                                         UidSet uids) override;
  [[nodiscard]] Task<Result<void>> wait_for_change(UserId user, MailboxId mailbox, ModSeq since,
                                                   TimePoint until) override;

  [[nodiscard]] Task<Result<std::vector<std::pair<EmailId, Bytes>>>> structures(
      UserId user, std::vector<EmailId> emails) override;
  [[nodiscard]] Task<Result<std::vector<Bytes>>> read(UserId user, std::vector<MessageRange> ranges) override;

  [[nodiscard]] Task<Result<ports::StoreOutcome>> store(UserId user, MailboxId mailbox, UidSet uids,
                                                        ports::FlagChange change,
                                                        ports::Flags flags) override;
  [[nodiscard]] Task<Result<ports::CopyOutcome>> copy(UserId user, MailboxId mailbox, UidSet uids,
                                                      std::string target) override;
  [[nodiscard]] Task<Result<ports::CopyOutcome>> move(UserId user, MailboxId mailbox, UidSet uids,
                                                      std::string target) override;
  [[nodiscard]] Task<Result<UidSet>> expunge(UserId user, MailboxId mailbox, UidSet uids,
                                             bool only_deleted) override;
  [[nodiscard]] std::unique_ptr<ports::Spool> begin_message() override { return parts_.spools.begin(); }
  [[nodiscard]] Task<Result<ports::AppendOutcome>> append(UserId user, std::string name, ports::Flags flags,
                                                          WallMicros date, std::int16_t zone_minutes,
                                                          std::unique_ptr<ports::Spool> message) override;

 private:
  /// The stored structure of a message that nothing is put in front of.
  [[nodiscard]] Task<Result<Bytes>> structure_of(const MessageSpool& message);

  Parts parts_;
};

}  // namespace gridmail
