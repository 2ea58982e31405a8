// Roster: what this node believes of itself and of every mapped member, and which word outweighs which (SWIM,
// section 4.2): a higher incarnation any lower one; at equal incarnations dead suspect, suspect alive. Pure.
#pragma once
#include <optional>
#include <set>
#include <vector>

#include "gossip/membership/node_status.hpp"
#include "gossip/register/map.hpp"

namespace gridmail {

class Roster {
 public:
  explicit Roster(NodeStatus self) : self_(self.id) { nodes_.emplace(self.id, std::move(self)); }

  /// Members come and go; what is believed of those that stay, stays.
  void set_members(const Map& map, TimePoint now);

  [[nodiscard]] NodeStatus& self() { return nodes_.at(self_); }
  [[nodiscard]] const NodeStatus& self() const { return nodes_.at(self_); }
  [[nodiscard]] const NodeStatus* find(NodeId node) const;
  [[nodiscard]] const MembershipView& all() const { return nodes_; }
  /// Others that are dead, or those that are not, in order of their ids.
  [[nodiscard]] std::vector<NodeId> others(bool dead) const;
  [[nodiscard]] bool is_removed(NodeId node) const { return removed_.contains(node); }

  enum class News { none, figures, state };
  /// Takes in what was heard of a mapped member other than self; `state` means that others should hear of it.
  News hear(const NodeStatus& rumour, TimePoint now);
  /// As if heard, at the present incarnation. False when it is no news.
  bool turn(NodeId node, Liveness state, TimePoint now);
  void set_seen_twice(NodeId node, bool twice) { nodes_.at(node).seen_twice = twice; }

 private:
  NodeId self_;
  MembershipView nodes_;
  std::set<NodeId> removed_;
};

}  // namespace gridmail
