#include "gossip/placement/copy_plan.hpp"

#include <cmath>
#include <queue>

#include "gossip/placement/rendezvous.hpp"

namespace gridmail {

CopyPlan::CopyPlan(const Map& map, const NodeSet& gone)
    : map_(map),
      storers_(map, gone),
      nobody_(storers_.size()),
      copies_(std::min<std::size_t>(map.settings.copies, storers_.size())),
      zone_copies_max_(storers_.zones == 0 ? 0 : (copies_ + storers_.zones - 1) / storers_.zones),
      seats_(map.rows.size()),
      spare_(map.rows.size(), nobody_),
      rows_of_(storers_.size() + 1),
      in_sync_(storers_.size()),
      in_common_(storers_.size() * storers_.size()) {}

std::vector<NodeSet> CopyPlan::solve() {
  if (copies_ == 0) return result();
  seat_present_copies();
  give_directly(nobody_);
  for (Node node = 0; node < nobody_; ++node) give_directly(node);
  give_along_chains(nobody_, Takers::all);
  for (Node node = 0; node < nobody_; ++node) give_along_chains(node, Takers::all);
  fill_what_is_left();
  return result();
}

std::vector<NodeSet> CopyPlan::stand_in() {
  if (copies_ == 0) return result();
  seat_present_copies();
  give_directly(nobody_);
  let_all_take_part();
  give_directly(nobody_);
  fill_what_is_left();
  return result();
}

/// Where quotas leave a copy for nobody, as who is under its own holds the row already, all may have as many
/// more than they had in sync as an even share, rounded up.
void CopyPlan::let_all_take_part() {
  std::size_t seats = 0;
  std::size_t in_sync = 0;
  double weight = 0;
  for (const auto& rows : rows_of_) seats += rows.size();
  for (Node node = 0; node < nobody_; ++node) {
    in_sync += in_sync_[node];
    weight += storers_.storers[node].weight;
  }
  for (Node node = 0; node < nobody_; ++node) {
    const double even = static_cast<double>(seats - in_sync) * storers_.storers[node].weight / weight;
    quota_[node] = std::max(quota_[node], in_sync_[node] + static_cast<std::size_t>(std::ceil(even)));
  }
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
  std::vector<std::size_t> present;
  for (Node node = 0; node < nobody_; ++node) present.push_back(rows_of_[node].size());
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
      return static_cast<std::int64_t>(rows_of_[node].size()) - static_cast<std::int64_t>(quota_[node]);
    };
    for (const Node node : seats) {
      if (crowded && storers_.storers[node].zone != *crowded) continue;
      if (!victim || excess(node) > excess(*victim) ||
          (excess(node) == excess(*victim) && score(row, node) < score(row, *victim))) {
        victim = node;
      }
    }
    leave_seat(row, *victim);
    spare_[row] = *victim;
  }
  while (seats.size() < copies_) take_seat(row, nobody_);
}

/// Between those that have copies of a row, more than it needs, it can be chosen at no cost who keeps his.
void CopyPlan::choose_among_spares() {
  if (std::all_of(spare_.begin(), spare_.end(), [this](Node node) { return node == nobody_; })) return;
  for (Node node = 0; node < nobody_; ++node) give_along_chains(node, Takers::spares);
}

/// Gives rows straight to nodes under their quota, the best offer first. What one is worth only falls, as
/// receivers fill up and get more in common with others, and the giver less: so one that is still worth what
/// it was when it was queued is the best there is.
void CopyPlan::give_directly(Node from) {
  if (!is_over(from)) return;
  const auto is_worse = [](const Offer& a, const Offer& b) { return b.is_better_than(a); };
  std::priority_queue<Offer, std::vector<Offer>, decltype(is_worse)> offers(is_worse);
  for (const Row row : rows_of_[from]) {
    if (const auto offer = best_offer(row, from)) offers.push(*offer);
  }
  while (!offers.empty() && is_over(from)) {
    const Row row = offers.top().row;
    offers.pop();
    const auto offer = best_offer(row, from);
    if (!offer) continue;
    if (!offers.empty() && offers.top().is_better_than(*offer)) {
      offers.push(*offer);
    } else {
      replace(row, from, offer->to);
    }
  }
}

std::optional<CopyPlan::Offer> CopyPlan::best_offer(Row row, Node out) const {
  std::optional<Offer> best;
  for (Node node = 0; node < nobody_; ++node) {
    if (!is_under(node) || !may_replace(row, out, node)) continue;
    const double in_common = in_common_with_others(row, out, node);
    if (best && in_common > best->in_common) continue;
    const Offer offer{row, node, in_common, score(row, node)};
    if (!best || offer.is_better_than(*best)) best = offer;
  }
  return best;
}

/// By how much it would be more than it is with the giver, for their weights.
double CopyPlan::in_common_with_others(Row row, Node out, Node in) const {
  std::int32_t with_in = 0;
  std::int32_t with_out = 0;
  for (const Node other : seats_[row]) {
    if (other == nobody_ || other == out) continue;
    with_in += in_common_[in * nobody_ + other];
    if (out != nobody_) with_out += in_common_[out * nobody_ + other];
  }
  const double before = out == nobody_ ? 0.0 : static_cast<double>(with_out) / storers_.storers[out].weight;
  return static_cast<double>(with_in) / storers_.storers[in].weight - before;
}

void CopyPlan::give_along_chains(Node from, Takers takers) {
  // Each round moves one seat; a round may leave the excess elsewhere when two links share a row, hence the
  // limit.
  for (std::size_t rounds = rows_of_[from].size(); rounds > 0 && is_over(from); --rounds) {
    if (!pass_one_on(from, takers)) return;
  }
}

/// Breadth-first search for the shortest chain from `from` to a node under its quota.
bool CopyPlan::pass_one_on(Node from, Takers takers) {
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
        if (takers == Takers::spares && spare_[row] != taker) continue;
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
  leave_seat(row, out);
  take_seat(row, in);
  if (spare_[row] == in) spare_[row] = out;
}

void CopyPlan::take_seat(Row row, Node node) {
  count_in_common(row, node, 1);
  seats_[row].push_back(node);
  rows_of_[node].push_back(row);
}

void CopyPlan::leave_seat(Row row, Node node) {
  seats_[row].erase(std::find(seats_[row].begin(), seats_[row].end(), node));
  rows_of_[node].erase(std::find(rows_of_[node].begin(), rows_of_[node].end(), row));
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
