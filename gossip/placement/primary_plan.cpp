#include "gossip/placement/primary_plan.hpp"

#include <optional>

namespace gridmail {

PrimaryPlan::PrimaryPlan(const Map& map, const std::vector<NodeSet>& targets)
    : map_(map),
      targets_(targets),
      storers_(map),
      candidates_(targets.size()),
      primary_(targets.size(), Storers::none),
      rows_of_(storers_.size()) {
  for (Row row = 0; row < targets.size(); ++row) {
    for (const auto& id : targets[row]) {
      const Node node = storers_.find(id);
      if (node == Storers::none || storers_.members[node]->state != MemberState::active) continue;
      candidates_[row].push_back(node);
    }
  }
}

std::vector<NodeId> PrimaryPlan::solve() {
  choose_first();
  for (Node node = 0; node < storers_.size(); ++node) {
    while (rows_of_[node].size() > quota_[node] && pass_one_on(node)) {
    }
  }
  std::vector<NodeId> result;
  for (Row row = 0; row < primary_.size(); ++row) {
    result.push_back(primary_[row] == Storers::none ? fallback(row) : storers_.members[primary_[row]]->id);
  }
  return result;
}

/// Present primaries stay where they may; the other rows go to the candidate that lacks most.
void PrimaryPlan::choose_first() {
  std::vector<Row> open;
  for (Row row = 0; row < primary_.size(); ++row) {
    const auto& present = map_.rows[row].primary;
    const Node node = present ? storers_.find(*present) : Storers::none;
    const auto& candidates = candidates_[row];
    if (std::find(candidates.begin(), candidates.end(), node) != candidates.end()) {
      change(row, node);
    } else if (!candidates.empty()) {
      open.push_back(row);
    }
  }
  set_quotas();
  for (const Row row : open) {
    const auto lacks = [&](Node node) {
      return static_cast<std::int64_t>(quota_[node]) - static_cast<std::int64_t>(rows_of_[node].size());
    };
    Node best = candidates_[row].front();
    for (const Node node : candidates_[row]) {
      if (lacks(node) > lacks(best)) best = node;
    }
    change(row, best);
  }
}

/// Quotas count only what active nodes can have; zones do not matter among the copies of one row.
void PrimaryPlan::set_quotas() {
  std::vector<Storer> able;
  std::vector<std::size_t> present;
  std::size_t rows = 0;
  for (Node node = 0; node < storers_.size(); ++node) {
    const bool active = storers_.members[node]->state == MemberState::active;
    able.push_back({active ? storers_.storers[node].weight : 0, 0});
    present.push_back(rows_of_[node].size());
  }
  for (const auto& candidates : candidates_) rows += candidates.empty() ? 0 : 1;
  quota_ = quotas(able, rows, rows, rows, present);
}

/// Breadth-first search for the shortest chain of role switches to a node under its quota.
bool PrimaryPlan::pass_one_on(Node from) {
  struct Link {
    Node giver;
    Row row;
  };
  std::vector<std::optional<Link>> link(storers_.size());
  std::vector<Node> queue{from};
  for (std::size_t next = 0; next < queue.size(); ++next) {
    for (const Row row : rows_of_[queue[next]]) {
      for (const Node taker : candidates_[row]) {
        if (taker == from || taker == queue[next] || link[taker]) continue;
        link[taker] = Link{queue[next], row};
        queue.push_back(taker);
        if (rows_of_[taker].size() >= quota_[taker]) continue;
        for (Node at = taker; at != from; at = link[at]->giver) change(link[at]->row, at);
        return true;
      }
    }
  }
  return false;
}

void PrimaryPlan::change(Row row, Node to) {
  if (primary_[row] != Storers::none) {
    auto& left = rows_of_[primary_[row]];
    left.erase(std::find(left.begin(), left.end(), row));
  }
  primary_[row] = to;
  rows_of_[to].push_back(row);
}

NodeId PrimaryPlan::fallback(Row row) const {
  const auto& present = map_.rows[row].primary;
  if (present && targets_[row].contains(*present)) return *present;
  return targets_[row].empty() ? NodeId{} : *targets_[row].begin();
}

}  // namespace gridmail
