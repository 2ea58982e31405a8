#include "storage/replication/scrub_book.hpp"

#include <algorithm>
#include <set>

namespace gridmail {

void ScrubBook::keep_only(const std::vector<SlotId>& slots) {
  const std::set<SlotId> kept(slots.begin(), slots.end());
  std::erase_if(seen_, [&](const auto& item) { return !kept.contains(item.first); });
}

void ScrubBook::note(SlotId slot, const replication::ScrubRecord& record) {
  auto& seen = seen_[slot];
  seen.finished = record.finished();
  seen.begun = record.begun();
  seen.bytes = std::max(record.bytes(), record.read());
}

WallMicros ScrubBook::oldest() const {
  const auto oldest = std::min_element(seen_.begin(), seen_.end(), [](const auto& one, const auto& other) {
    return one.second.finished < other.second.finished;
  });
  return oldest == seen_.end() ? 0 : oldest->second.finished;
}

WallMicros ScrubBook::unread_since() const {
  WallMicros since = 0;
  for (const auto& [slot, seen] : seen_) {
    const auto waits = seen.finished != 0 ? seen.finished : seen.begun;
    if (waits != 0 && (since == 0 || waits < since)) since = waits;
  }
  return since;
}

double ScrubBook::rate_needed(Duration round) const {
  double bytes = 0;
  std::size_t known = 0;
  for (const auto& [slot, seen] : seen_) {
    bytes += static_cast<double>(seen.bytes);
    known += seen.bytes > 0 ? 1 : 0;
  }
  if (known == 0 || round <= Duration::zero()) return 0;
  const double all = bytes * static_cast<double>(seen_.size()) / static_cast<double>(known);
  return all / (scrub_takes_rounds * std::chrono::duration<double>(round).count());
}

bool scrub_is_overdue(WallMicros since, Duration round, WallMicros now) {
  if (since == 0 || round <= Duration::zero()) return false;
  return static_cast<double>(now - since) > scrub_overdue_rounds * static_cast<double>(to_micros(round));
}

}  // namespace gridmail
