#include "gossip/placement/copy_plan.hpp"

#include <optional>

#include "gossip/placement/rendezvous.hpp"

namespace gridmail {

CopyPlan::CopyPlan(const Map& map, const NodeSet& gone)
    : map_(map),
      storers_(map, gone),
      nobody_(storers_.size()),
      copies_(std::min<std::size_t>(map.settings.copies, storers_.size())),
      zone_copies_max_(storers_.zones == 0 ? 0 : (copies_ + storers_.zones - 1) / storers_.zones),
      seats_(map.rows.size()),
      rows_of_(storers_.size() + 1) {}

std::vector<NodeSet> CopyPlan::solve() {
  std::vector<NodeSet> targets(map_.rows.size());
  if (copies_ == 0) return targets;
  seat_present_copies();
  give_directly(nobody_);
  for (Node node = 0; node < nobody_; ++node) give_directly(node);
  give_along_chains(nobody_);
  for (Node node = 0; node < nobody_; ++node) give_along_chains(node);
  fill_what_is_left();
  for (Row row = 0; row < seats_.size(); ++row) {
    for (const Node node : seats_[row]) {
      if (node != nobody_) targets[row].insert(storers_.members[node]->id);
    }
  }
  return targets;
}

void CopyPlan::seat_present_copies() {
  for (Row row = 0; row < seats_.size(); ++row) {
    const auto seat = [&](const NodeSet& nodes) {
      for (const auto& id : nodes) {
        const Node node = storers_.find(id);
        if (node == Storers::none || holds(row, node)) continue;
        seats_[row].push_back(node);
        rows_of_[node].push_back(row);
      }
    };
    seat(map_.rows[row].in_sync);
    seat(map_.rows[row].joining);
  }
  set_quotas();
  for (Row row = 0; row < seats_.size(); ++row) trim(row);
  set_quotas();  // rounding looks at what is left after the trimming
}

void CopyPlan::set_quotas() {
  const std::size_t rows = seats_.size();
  std::vector<std::size_t> present;
  for (Node node = 0; node < nobody_; ++node) present.push_back(rows_of_[node].size());
  quota_ = quotas(storers_.storers, copies_ * rows, rows, zone_copies_max_ * rows, present);
  quota_.push_back(0);
}

/// Takes copies too many off a row (a move under way has one), from the fullest node first; leaves `copies_`
/// seats.
void CopyPlan::trim(Row row) {
  auto& seats = seats_[row];
  for (;;) {
    std::optional<std::size_t> crowded;  // a zone with too many
    for (const Node node : seats) {
      const auto zone = storers_.storers[node].zone;
      if (in_zone(row, zone, nobody_) > zone_copies_max_) crowded = zone;
    }
    if (!crowded && seats.size() <= copies_) break;
    std::optional<Node> victim;
    const auto excess = [&](Node node) {
      return static_cast<std::int64_t>(rows_of_[node].size()) - static_cast<std::int64_t>(quota_[node]);
    };
    for (const Node node : seats) {
      if (crowded && storers_.storers[node].zone != *crowded) continue;
      if (!victim || excess(node) > excess(*victim) ||
          (excess(node) == excess(*victim) && score(row, node) < score(row, *victim))) {
        victim = node;
      }
    }
    std::erase(seats, *victim);
    std::erase(rows_of_[*victim], row);
  }
  while (seats.size() < copies_) {
    seats.push_back(nobody_);
    rows_of_[nobody_].push_back(row);
  }
}

/// Gives rows straight to nodes under their quota: each to the one with the highest score for it, and of a
/// giver's rows first those that others score highest for.
void CopyPlan::give_directly(Node from) {
  if (!is_over(from)) return;
  struct Offer {
    double score;
    Row row;
  };
  std::vector<Offer> offers;
  for (const Row row : rows_of_[from]) {
    const Node to = best_receiver(row, from);
    if (to != nobody_) offers.push_back({score(row, to), row});
  }
  std::sort(offers.begin(), offers.end(), [](const Offer& a, const Offer& b) {
    return a.score != b.score ? a.score > b.score : a.row < b.row;
  });
  for (const auto& offer : offers) {
    if (!is_over(from)) break;
    const Node to = best_receiver(offer.row, from);
    if (to != nobody_) replace(offer.row, from, to);
  }
}

CopyPlan::Node CopyPlan::best_receiver(Row row, Node out) const {
  Node best = nobody_;
  double best_score = 0;
  for (Node node = 0; node < nobody_; ++node) {
    if (!is_under(node) || !may_replace(row, out, node)) continue;
    const double s = score(row, node);
    if (s > best_score) {
      best = node;
      best_score = s;
    }
  }
  return best;
}

void CopyPlan::give_along_chains(Node from) {
  // Each round moves one seat; a round may leave the excess elsewhere when two links share a row, hence the
  // limit.
  for (std::size_t rounds = rows_of_[from].size(); rounds > 0 && is_over(from); --rounds) {
    if (!pass_one_on(from)) return;
  }
}

/// Breadth-first search for the shortest chain from `from` to a node under its quota.
bool CopyPlan::pass_one_on(Node from) {
  struct Link {
    Node giver;
    Row row;
  };
  std::vector<std::optional<Link>> link(nobody_ + 1);
  std::vector<Node> queue{from};
  for (std::size_t next = 0; next < queue.size(); ++next) {
    const Node giver = queue[next];
    for (const Row row : rows_of_[giver]) {
      for (Node taker = 0; taker < nobody_; ++taker) {
        if (taker == from || link[taker] || !may_replace(row, giver, taker)) continue;
        link[taker] = Link{giver, row};
        queue.push_back(taker);
        if (!is_under(taker)) continue;
        for (Node at = taker; at != from; at = link[at]->giver) {
          if (may_replace(link[at]->row, link[at]->giver, at)) replace(link[at]->row, link[at]->giver, at);
        }
        return true;
      }
    }
  }
  return false;
}

/// Zones may make the quotas impossible to reach; a copy on a full node is better than none.
void CopyPlan::fill_what_is_left() {
  const auto empty = rows_of_[nobody_];
  for (const Row row : empty) {
    Node best = nobody_;
    double best_load = 0;
    for (const bool respect_zones : {true, false}) {
      for (Node node = 0; node < nobody_ && (best == nobody_ || respect_zones); ++node) {
        if (respect_zones ? !may_replace(row, nobody_, node) : holds(row, node)) continue;
        const double load = static_cast<double>(rows_of_[node].size()) / storers_.storers[node].weight;
        if (best != nobody_ && load >= best_load) continue;
        best = node;
        best_load = load;
      }
      if (best != nobody_) break;
    }
    if (best != nobody_) replace(row, nobody_, best);
  }
}

bool CopyPlan::may_replace(Row row, Node out, Node in) const {
  return !holds(row, in) && in_zone(row, storers_.storers[in].zone, out) < zone_copies_max_;
}

void CopyPlan::replace(Row row, Node out, Node in) {
  *std::find(seats_[row].begin(), seats_[row].end(), out) = in;
  auto& left = rows_of_[out];
  left.erase(std::find(left.begin(), left.end(), row));
  rows_of_[in].push_back(row);
}

bool CopyPlan::holds(Row row, Node node) const {
  return std::find(seats_[row].begin(), seats_[row].end(), node) != seats_[row].end();
}

std::size_t CopyPlan::in_zone(Row row, std::size_t zone, Node but) const {
  std::size_t count = 0;
  bool spared = false;
  for (const Node node : seats_[row]) {
    if (node == but && !spared) {
      spared = true;  // nobody may hold several seats, all without a zone
      continue;
    }
    if (node != nobody_ && storers_.storers[node].zone == zone) ++count;
  }
  return count;
}

double CopyPlan::score(Row row, Node node) const {
  return rendezvous_score(row, storers_.members[node]->id, storers_.storers[node].weight);
}

}  // namespace gridmail
