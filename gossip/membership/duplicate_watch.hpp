// DuplicateWatch: whether two running processes speak under one node's id, as after a machine was cloned.
// Each life of a process has a session of its own (sealing.hpp): a node that restarts takes up a new one and
// never the old one again. Two sessions that take turns, both with rising counters, are two processes;
// replayed datagrams do not rise. Pure.
#pragma once
#include <array>
#include <cstdint>

#include "node/base/clock.hpp"

namespace gridmail {

class DuplicateWatch {
 public:
  /// A datagram with a valid seal came.
  void saw(std::uint64_t session, std::uint64_t counter, TimePoint now);
  [[nodiscard]] bool two_live(TimePoint now) const {
    return turns_ >= turns_min && now - last_turn_ < forgotten_after;
  }

 private:
  static constexpr int turns_min = 4;
  static constexpr Duration turn_min = std::chrono::seconds(1);  // datagrams may overtake each other
  static constexpr Duration forgotten_after = std::chrono::minutes(5);
  struct Life {
    std::uint64_t session = 0;
    std::uint64_t highest = 0;
  };
  std::array<Life, 2> lives_;  // the one heard last comes first
  int turns_ = 0;
  TimePoint last_turn_;
};

}  // namespace gridmail
