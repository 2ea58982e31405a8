// MailboxWatches: which fronts want to hear of changes in one user's mailboxes. In the primary's memory; a
// front asks again before its registration ends, so that a lost one costs delay only.
#pragma once
#include <algorithm>
#include <map>
#include <vector>

#include "node/base/clock.hpp"
#include "node/base/ids.hpp"

namespace gridmail {

/// A front asks every 30 s.
inline constexpr Duration watch_ttl = std::chrono::seconds(90);

class MailboxWatches {
 public:
  void add(MailboxId mailbox, NodeId front, TimePoint now) {
    auto& watches = by_mailbox_[mailbox];
    const auto found =
        std::find_if(watches.begin(), watches.end(), [&](const Watch& w) { return w.front == front; });
    if (found != watches.end()) {
      found->expires = now + watch_ttl;
    } else {
      watches.push_back({front, now + watch_ttl});
    }
  }

  /// Who is to be told now; forgets who has not asked for long.
  [[nodiscard]] std::vector<NodeId> fronts(MailboxId mailbox, TimePoint now) {
    std::vector<NodeId> fronts;
    const auto found = by_mailbox_.find(mailbox);
    if (found == by_mailbox_.end()) return fronts;
    std::erase_if(found->second, [&](const Watch& watch) { return watch.expires < now; });
    for (const auto& watch : found->second) fronts.push_back(watch.front);
    if (fronts.empty()) by_mailbox_.erase(found);
    return fronts;
  }

 private:
  struct Watch {
    NodeId front;
    TimePoint expires;
  };
  std::map<MailboxId, std::vector<Watch>> by_mailbox_;
};

}  // namespace gridmail
