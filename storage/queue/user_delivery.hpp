// UserDelivery: one accepted message into one user's INBOX, whatever has become of the user meanwhile.
#pragma once
#include "storage/directory/directory_view.hpp"
#include "storage/mailbox/mailbox_client.hpp"
#include "storage/queue/queue.pb.h"
#include "storage/trace/trace_sink.hpp"

namespace gridmail {

/// For whoever tries again by itself: a dead node's users are tried again later rather than waited for.
[[nodiscard]] SlotClient::Options patient_delivery();

/// Thread-safe, without state of its own; must outlive its calls. SMTP, the queue and intake all deliver
/// through it.
class UserDelivery {
 public:
  /// All must outlive it.
  UserDelivery(MailboxClient& mailboxes, const DirectoryView& directory, TraceSink& trace)
      : mailboxes_(mailboxes), directory_(directory), trace_(trace) {}

  /// Success: committed, under the recipient's GUID, so that a repeated call changes nothing. A user who is
  /// in the directory and has no mailboxes yet (the node that added him stopped in between) gets them first;
  /// the mail of a user who is gone goes to the postmaster. Errors: temporary ones, and too_large.
  [[nodiscard]] Task<Result<void>> deliver(const queue::Message& message, const queue::Recipient& recipient,
                                           const MessageBody& body, SlotClient::Options options);

 private:
  /// Whose mailbox it goes to.
  [[nodiscard]] Task<Result<UserId>> owner(UserId user, const std::string& address);
  [[nodiscard]] Task<Result<void>> deliver_to(UserId user, Guid guid, const queue::Message& message,
                                              const MessageBody& body, SlotClient::Options options);

  MailboxClient& mailboxes_;
  const DirectoryView& directory_;
  TraceSink& trace_;
};

}  // namespace gridmail
