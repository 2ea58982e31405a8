// UserWriter: the one writer of one user's mailboxes. Requests wait in line; those that wait together are
// committed as one operation, each with an answer of its own.
#pragma once
#include <deque>
#include <functional>
#include <memory>

#include "node/base/clock.hpp"
#include "node/runtime/timer.hpp"
#include "storage/mailbox/mailbox_requests.hpp"
#include "storage/replication/slot_access.hpp"

namespace gridmail {

/// On the slot's strand; owned by shared_ptr, as requests keep it while they wait. There is no task of its
/// own: the request that finds nobody at work commits for all that wait, and then hands the work to the next
/// in line. A request that is cancelled leaves the line, or is committed without anybody to hear of it.
class UserWriter : public std::enable_shared_from_this<UserWriter> {
 public:
  using OnNews = std::function<void(const UserChange::News&)>;
  /// `clock` and `recent` must outlive the writer. `on_news` is called for each mailbox that a commit
  /// changed.
  UserWriter(MailboxKeys keys, Clock& clock, std::shared_ptr<SlotAge> age, const RecentMarks& recent,
             OnNews on_news)
      : keys_(std::move(keys)),
        clock_(clock),
        age_(std::move(age)),
        recent_(recent),
        on_news_(std::move(on_news)) {}

  /// Applies the request once for its GUID, and answers when it is committed. Errors: those of the request,
  /// of SlotAccess::commit, and busy when too many wait.
  [[nodiscard]] Task<Result<mailbox::Answer>> change(SlotAccessPtr slot, mailbox::Request request);
  [[nodiscard]] bool idle() const { return !at_work_ && line_.empty(); }

 private:
  struct Waiting;
  class Place;
  class Batch;
  [[nodiscard]] Task<void> commit_batch(SlotAccessPtr slot);
  void fail_next(Error error);
  void put_back_one_by_one(Batch& batch);
  [[nodiscard]] Task<void> fill(Batch& batch);
  /// One request into the batch; a failed one leaves nothing there. False when there is no room for it.
  [[nodiscard]] Task<bool> draft(Batch& batch, Waiting& waiting);
  [[nodiscard]] Task<void> sweep(Batch& batch);
  void hand_on();

  const MailboxKeys keys_;
  Clock& clock_;
  const std::shared_ptr<SlotAge> age_;
  const RecentMarks& recent_;
  OnNews on_news_;
  std::deque<std::shared_ptr<Waiting>> line_;
  bool at_work_ = false;
  TimePoint sweep_at_{};
};

}  // namespace gridmail
