// SignsOfLife: who was heard of, and whose disk is full, as of one moment. All slots of a node plan by the
// same one, so that a slot which found nothing to do need not look again before it changes.
#pragma once
#include <map>

#include "gossip/register/map.hpp"
#include "node/base/clock.hpp"
#include "node/base/ids.hpp"

namespace gridmail {

/// A value; immutable where it is shared.
class SignsOfLife {
 public:
  enum class Sign { alive, silent, dead };  ///< silent: to be given no work, and not replaced yet

  /// How long each node has been silent, in terms of two settings. `others`: of whoever was never heard of.
  SignsOfLife(Duration alive_within, Duration dead_after, Duration others)
      : alive_within_(alive_within), dead_after_(dead_after), others_(judge(others)) {
    if (others_ == Sign::alive) others_ = Sign::silent;  // never heard of is not alive
  }
  void note(NodeId node, Duration silence) { nodes_[node] = judge(silence); }
  void note_full(NodeId node) { full_.insert(node); }

  [[nodiscard]] bool is_alive(NodeId node) const { return of(node) == Sign::alive; }
  [[nodiscard]] bool is_dead(NodeId node) const { return of(node) == Sign::dead; }
  /// It said last that its disk is at its reserve.
  [[nodiscard]] bool is_full(NodeId node) const { return full_.contains(node); }
  bool operator==(const SignsOfLife&) const = default;

 private:
  [[nodiscard]] Sign judge(Duration silence) const {
    if (silence < alive_within_) return Sign::alive;
    return silence >= dead_after_ ? Sign::dead : Sign::silent;
  }
  [[nodiscard]] Sign of(NodeId node) const {
    const auto found = nodes_.find(node);
    return found == nodes_.end() ? others_ : found->second;
  }

  Duration alive_within_;
  Duration dead_after_;
  Sign others_;
  std::map<NodeId, Sign> nodes_;
  NodeSet full_;
};

}  // namespace gridmail
