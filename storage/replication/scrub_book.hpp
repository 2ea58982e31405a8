// ScrubBook: what a node knows of how far the scrub of its slots is, and how fast it must be from that. Pure.
//
// What took long to read when nobody was busy falls due at once a round later, when clients may write all
// day. So the scrub is never slower than what goes through everything in a part of a round: then nothing is
// left unread for longer than `scrub_overdue_rounds`, unless the disk cannot do it, or copies are missing.
#pragma once
#include <map>
#include <vector>

#include "node/base/clock.hpp"
#include "node/base/ids.hpp"
#include "storage/replication/replication.pb.h"

namespace gridmail {

inline constexpr double scrub_takes_rounds = 0.4;    ///< at most, where everything is due at once
inline constexpr double scrub_overdue_rounds = 1.5;  ///< then an admin is told

class ScrubBook {
 public:
  struct Seen {
    WallMicros finished = 0;    ///< 0: never
    WallMicros begun = 0;       ///< then: the first round; 0: not yet
    std::uint64_t bytes = 0;    ///< that it came to; 0: not known
    bool lacks_others = false;  ///< there was nobody to compare it with
  };
  /// The slots whose primary this node is; what was known of others is forgotten.
  void keep_only(const std::vector<SlotId>& slots);
  void note(SlotId slot, const replication::ScrubRecord& record);
  void note_others(SlotId slot, bool lacks) { seen_[slot].lacks_others = lacks; }
  [[nodiscard]] const std::map<SlotId, Seen>& slots() const { return seen_; }

  /// When the slot longest ago was gone through; 0: one never was, or nothing is known.
  [[nodiscard]] WallMicros oldest() const;
  /// The same, but of one that never was: when it was begun with. 0: nothing waits.
  [[nodiscard]] WallMicros unread_since() const;
  /// Bytes per second, for rounds of this length. Slots of which nothing is known count as the others; zero
  /// where nothing is known at all.
  [[nodiscard]] double rate_needed(Duration round) const;

 private:
  std::map<SlotId, Seen> seen_;
};

/// `since`: as unread_since() said.
[[nodiscard]] bool scrub_is_overdue(WallMicros since, Duration round, WallMicros now);

}  // namespace gridmail
