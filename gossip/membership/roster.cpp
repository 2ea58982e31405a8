#include "gossip/membership/roster.hpp"

#include <utility>

namespace gridmail {

void Roster::set_members(const Map& map, TimePoint now) {
  removed_ = {map.removed.begin(), map.removed.end()};
  std::erase_if(nodes_, [&](const auto& entry) { return entry.first != self_ && !map.member(entry.first); });
  for (const auto& member : map.members) {
    const auto [at, is_new] = nodes_.emplace(member.id, NodeStatus{});
    NodeStatus& status = at->second;
    if (is_new) {
      status.id = member.id;
      status.since = now;
    }
    if (status.heard || member.id == self_) continue;  // what a node says of itself counts more
    status.name = member.name;
    status.addresses = member.addresses;
  }
}

const NodeStatus* Roster::find(NodeId node) const {
  const auto at = nodes_.find(node);
  return at == nodes_.end() ? nullptr : &at->second;
}

std::vector<NodeId> Roster::others(bool dead) const {
  std::vector<NodeId> result;
  for (const auto& [id, status] : nodes_) {
    if (id != self_ && (status.state == Liveness::dead) == dead) result.push_back(id);
  }
  return result;
}

Roster::News Roster::hear(const NodeStatus& rumour, TimePoint now) {
  const auto at = nodes_.find(rumour.id);
  if (at == nodes_.end() || rumour.id == self_) return News::none;
  NodeStatus& known = at->second;
  const bool newer_life = rumour.incarnation > known.incarnation;
  const bool outweighs =
      newer_life || (rumour.incarnation == known.incarnation && rumour.state > known.state);
  const bool newer_words = newer_life || !known.heard ||
                           (rumour.incarnation == known.incarnation && rumour.revision > known.revision);
  if (!outweighs && !newer_words) return News::none;

  const NodeStatus before = known;
  if (newer_words) {
    known = rumour;
    known.state = before.state;
    known.since = before.since;
    known.seen_twice = before.seen_twice;
    if (known.addresses.empty()) known.addresses = before.addresses;
  }
  known.heard = true;
  if (outweighs) known.state = rumour.state;
  if (known.state != before.state) known.since = now;
  if (outweighs || !before.heard) return News::state;
  return News::figures;
}

bool Roster::turn(NodeId node, Liveness state, TimePoint now) {
  const auto at = nodes_.find(node);
  if (at == nodes_.end() || node == self_ || state <= at->second.state) return false;
  at->second.state = state;
  at->second.since = now;
  return true;
}

}  // namespace gridmail
