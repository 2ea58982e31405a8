// MailboxService: mailboxes at the primary. Requests that read are answered from a snapshot; those that
// change something go through the user's one writer.
#pragma once
#include <mutex>
#include <unordered_map>

#include "storage/mailbox/mailbox_watches.hpp"
#include "storage/mailbox/user_writer.hpp"
#include "storage/replication/slot_access.hpp"

namespace gridmail {

/// One per node. What is kept in memory for a slot (lines of writers, \Recent marks, watches) is touched on
/// the slot's strand only and belongs to one epoch. Has no tasks of its own.
class MailboxService final : public SlotService {
 public:
  /// Both must outlive the service.
  MailboxService(Clock& clock, PushSender& pushes) : clock_(clock), pushes_(pushes) {}

  /// Request and answer: mailbox.proto.
  [[nodiscard]] Task<Result<Bytes>> handle(SlotAccessPtr slot, NodeId from, Bytes request) override;
  void closed(SlotId slot) override;

  /// Sweeps every user of the slot, one after the other: to be called now and then (hours) on the slot's
  /// strand, one at a time, since users whose mailboxes rest are swept by nothing else, and the slot's age is
  /// written down by nothing else. Errors: those of SlotAccess.
  [[nodiscard]] Task<Result<void>> sweep(SlotAccessPtr slot);

 private:
  struct User;
  struct Slot;
  using UserPtr = std::shared_ptr<User>;
  [[nodiscard]] std::shared_ptr<Slot> slot_for(const SlotAccess& access);
  [[nodiscard]] UserPtr user_in(Slot& slot, SlotId id, UserId user);
  [[nodiscard]] Task<Result<mailbox::Answer>> read(SlotAccessPtr slot, UserPtr user, NodeId from,
                                                   mailbox::Request request);
  [[nodiscard]] Task<Result<void>> write_down_age(SlotAccessPtr slot, SlotAge& age);
  void tell(UserId user, MailboxWatches& watches, const UserChange::News& news);

  Clock& clock_;
  PushSender& pushes_;
  std::mutex mutex_;  // guards the table only
  std::unordered_map<SlotId, std::shared_ptr<Slot>> slots_;
};

}  // namespace gridmail
