// History: what happened in one run, in time order, for the report of a failing seed. A run is recorded only
// when it is run again, so that the many that pass cost nothing.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "node/base/clock.hpp"
#include "node/base/ids.hpp"

namespace gridmail::sim {

/// What an event, or a broken promise, is about. Without either: the whole grid.
struct Subject {
  std::optional<SlotId> slot = {};
  std::optional<std::size_t> user = {};
};

class History {
 public:
  void note(TimePoint when, Subject subject, std::string what);
  /// The user's mailbox lies in this slot: what concerns one concerns the other.
  void place(std::size_t user, SlotId slot) { slot_of_[user] = slot; }
  /// The last events that concern the subject, the whole grid's among them.
  [[nodiscard]] std::string about(Subject subject, std::size_t events_max) const;

 private:
  struct Event {
    TimePoint when;
    Subject subject;
    std::string what;
  };
  static constexpr std::size_t kept_max = 1'000'000;
  std::deque<Event> events_;
  std::map<std::size_t, SlotId> slot_of_;
};

}  // namespace gridmail::sim
