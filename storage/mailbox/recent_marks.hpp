// RecentMarks: up to which UID messages of one user's mailboxes were \Recent to some session (RFC
// 3501, 2.3.2). In the primary's memory; stored along with the next change, so that failover gives few
// messages twice.
#pragma once
#include <algorithm>
#include <map>

#include "node/base/ids.hpp"

namespace gridmail {

class RecentMarks {
 public:
  /// The first UID that is still \Recent; `stored` is the mailbox record's.
  [[nodiscard]] Uid of(MailboxId mailbox, Uid stored) const {
    const auto found = marks_.find(mailbox);
    return found == marks_.end() ? stored : std::max(found->second, stored);
  }
  void raise(MailboxId mailbox, Uid uid_next) {
    auto& mark = marks_[mailbox];
    mark = std::max(mark, uid_next);
  }

 private:
  std::map<MailboxId, Uid> marks_;
};

}  // namespace gridmail
