// Suspicion: one node is suspected of being dead, and by whom (Lifeguard, Dadgar, Phillips, Currey 2018,
// section IV.B): it lasts long while a single node says so, which may itself be the one in trouble, and the
// shorter the more others confirm it. Pure.
#pragma once
#include "gossip/register/map.hpp"
#include "node/base/clock.hpp"

namespace gridmail {

class Suspicion {
 public:
  struct Terms {
    Duration min;  ///< with `confirmations` of others, or where there are too few others to give them
    Duration max;  ///< without any
    std::size_t confirmations = 0;
  };
  Suspicion(TimePoint began, Terms terms) : began_(began), terms_(terms) {}

  /// `node` found no sign of life. True when it had not said so before and it makes a difference.
  bool confirm(NodeId node);
  [[nodiscard]] const NodeSet& by() const { return by_; }
  [[nodiscard]] TimePoint ends() const;
  /// This node stood still for so long: it could not have heard of a refutation.
  void postpone(Duration pause) { began_ = began_ + pause; }

 private:
  TimePoint began_;
  Terms terms_;
  NodeSet by_;
};

}  // namespace gridmail
