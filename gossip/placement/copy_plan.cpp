#include "gossip/placement/copy_plan.hpp"

#include <numeric>
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
      held_(storers_.size() + 1),
      in_sync_(storers_.size()),
      in_common_(storers_.size() * storers_.size()) {}

std::vector<NodeSet> CopyPlan::solve() {
  if (copies_ == 0) return result();
  seat_present_copies();
  give_directly({nobody_});
  std::vector<Node> all(nobody_);
  std::iota(all.begin(), all.end(), Node{0});
  give_directly(all);
  give_along_chains(nobody_);
  for (Node node = 0; node < nobody_; ++node) give_along_chains(node);
  fill_what_is_left();
  return result();
}

std::vector<NodeSet> CopyPlan::stand_in() {
  if (copies_ == 0) return result();
  seat_present_copies();
  let_all_take_part();
  give_directly({nobody_});
  fill_what_is_left();
  return result();
}

std::vector<NodeSet> CopyPlan::result() const {
  std::vector<NodeSet> targets(map_.rows.size());
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
        take_seat(row, node);
      }
    };
    seat(map_.rows[row].in_sync);
    for (const Node node : seats_[row]) ++in_sync_[node];
    seat(map_.rows[row].joining);
  }
  set_quotas();
  for (Row row = 0; row < seats_.size(); ++row) trim(row);
  choose_among_spares();
  set_quotas();  // rounding looks at what is left after the trimming
}

void CopyPlan::set_quotas() {
  const std::size_t rows = seats_.size();
  const std::vector<std::size_t> present(held_.begin(), held_.end() - 1);
  quota_ = quotas(storers_.storers, copies_ * rows, rows, zone_copies_max_ * rows, present, in_sync_);
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
      return static_cast<std::int64_t>(held_[node]) - static_cast<std::int64_t>(quota_[node]);
    };
    for (const Node node : seats) {
      if (crowded && storers_.storers[node].zone != *crowded) continue;
      if (!victim || excess(node) > excess(*victim) ||
          (excess(node) == excess(*victim) && score(row, node) < score(row, *victim))) {
        victim = node;
      }
    }
    leave_seat(row, *victim);
    spares_.push_back({row, *victim});
  }
  while (seats.size() < copies_) take_seat(row, nobody_);
}

/// Where a row has copies too many it costs nothing to choose who keeps his: then fewer rows need move.
void CopyPlan::choose_among_spares() {
  for (Node node = 0; node < nobody_; ++node) {
    for (std::size_t rounds = spares_.size(); rounds > 0 && is_over(node); --rounds) {
      if (!pass_on_among_spares(node)) break;
    }
  }
}

/// Breadth-first search for the shortest chain from `from` to a node under its quota, of nodes that each take
/// the seat of the one before in a row of which they have a spare copy.
bool CopyPlan::pass_on_among_spares(Node from) {
  struct Link {
    Node giver;
    Spare* spare;
  };
  std::vector<std::optional<Link>> link(nobody_);
  std::vector<Node> queue{from};
  for (std::size_t next = 0; next < queue.size(); ++next) {
    const Node giver = queue[next];
    for (auto& spare : spares_) {
      const Node taker = spare.node;
      if (taker == from || link[taker] || !holds(spare.row, giver)) continue;
      if (!may_replace(spare.row, giver, taker)) continue;
      link[taker] = Link{giver, &spare};
      queue.push_back(taker);
      if (!is_under(taker)) continue;
      for (Node at = taker; at != from; at = link[at]->giver) {
        Spare& chosen = *link[at]->spare;
        if (!may_replace(chosen.row, link[at]->giver, at)) continue;
        replace(chosen.row, link[at]->giver, at);
        chosen.node = link[at]->giver;
      }
      return true;
    }
  }
  return false;
}

void CopyPlan::give_along_chains(Node from) {
  // Each round moves one seat; a round may leave the excess elsewhere when two links share a row, hence the
  // limit.
  for (std::size_t rounds = held_[from]; rounds > 0 && is_over(from); --rounds) {
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
    for (const Row row : rows_of(giver)) {
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
  for (const Row row : rows_of(nobody_)) {
    Node best = nobody_;
    double best_load = 0;
    for (const bool respect_zones : {true, false}) {
      for (Node node = 0; node < nobody_ && (best == nobody_ || respect_zones); ++node) {
        if (respect_zones ? !may_replace(row, nobody_, node) : holds(row, node)) continue;
        const double load = static_cast<double>(held_[node]) / storers_.storers[node].weight;
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
  leave_seat(row, out);
  take_seat(row, in);
}

void CopyPlan::take_seat(Row row, Node node) {
  count_in_common(row, node, 1);
  seats_[row].push_back(node);
  ++held_[node];
}

void CopyPlan::leave_seat(Row row, Node node) {
  seats_[row].erase(std::find(seats_[row].begin(), seats_[row].end(), node));
  --held_[node];
  count_in_common(row, node, -1);
}

void CopyPlan::count_in_common(Row row, Node node, std::int32_t change) {
  if (node == nobody_) return;
  for (const Node other : seats_[row]) {
    if (other == nobody_ || other == node) continue;
    in_common_[node * nobody_ + other] += change;
    in_common_[other * nobody_ + node] += change;
  }
}

/// One by one, as often as it has a seat there: nobody may have several.
std::vector<CopyPlan::Row> CopyPlan::rows_of(Node node) const {
  std::vector<Row> rows;
  rows.reserve(held_[node]);
  for (Row row = 0; row < seats_.size(); ++row) {
    for (const Node seated : seats_[row]) {
      if (seated == node) rows.push_back(row);
    }
  }
  return rows;
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
