#include "gossip/placement/primary_plan.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

namespace gridmail {

PrimaryPlan::PrimaryPlan(const Map& map, const std::vector<NodeSet>& targets, const PlanHints& hints)
    : map_(map),
      targets_(targets),
      storers_(map, hints.gone),
      measured_(!hints.loads.empty()),
      row_loads_(targets.size(), 1),
      candidates_(targets.size()),
      primary_(targets.size(), Storers::none),
      loads_(storers_.size(), 0),
      shares_(storers_.size(), 0),
      unsettled_(storers_.size(), false),
      links_(storers_.size()) {
  const double rest = load_of_rest(hints.loads);
  for (Row row = 0; row < targets.size(); ++row) {
    if (measured_) row_loads_[row] = hints.loads[row] + rest;
    for (const auto& id : targets[row]) {
      const Node node = storers_.find(id);
      if (node == Storers::none || !storers_.members[node]->may_be_primary()) continue;
      if (!hints.away.contains(id)) candidates_[row].push_back(node);
    }
  }
}

double PrimaryPlan::load_of_rest(const std::vector<double>& measured) {
  const double sum = std::accumulate(measured.begin(), measured.end(), 0.0);
  const auto rows = static_cast<double>(std::max<std::size_t>(measured.size(), 1));
  return std::clamp(rest_of_measured * sum / rows, rest_min, rest_max);
}

std::vector<NodeId> PrimaryPlan::solve() {
  set_shares();
  choose_first();
  for (Node node = 0; node < storers_.size(); ++node) {
    unsettled_[node] = !measured_ || std::abs(excess(node)) > begins_at * shares_[node];
  }
  // Each step lowers the sum, so there is an end; the limit is for rounding errors.
  for (std::size_t steps = 4 * primary_.size(); steps > 0 && improve(); --steps) {
  }
  std::vector<NodeId> result;
  for (Row row = 0; row < primary_.size(); ++row) {
    result.push_back(primary_[row] == Storers::none ? fallback(row) : storers_.members[primary_[row]]->id);
  }
  return result;
}

/// Only those that may be primary have a share.
void PrimaryPlan::set_shares() {
  double total = 0;
  double weight = 0;
  std::vector<bool> able(storers_.size(), false);
  for (Row row = 0; row < candidates_.size(); ++row) {
    if (!candidates_[row].empty()) total += row_loads_[row];
    for (const Node node : candidates_[row]) able[node] = true;
  }
  std::size_t count = 0;
  for (Node node = 0; node < storers_.size(); ++node) {
    if (!able[node]) continue;
    weight += storers_.storers[node].weight;
    ++count;
  }
  for (Node node = 0; node < storers_.size(); ++node) {
    if (able[node]) shares_[node] = total * storers_.storers[node].weight / weight;
  }
  const double mean = count == 0 ? 0 : total / static_cast<double>(count);
  gain_min_ = measured_ ? mean * 0.02 * 0.02 : mean * 1e-9;  // a step of 2 % of the mean share
}

/// Present primaries stay where they may; the other rows go, heaviest first, to the candidate that lacks
/// most.
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
  std::stable_sort(open.begin(), open.end(), [&](Row a, Row b) { return row_loads_[a] > row_loads_[b]; });
  for (const Row row : open) {
    const auto filled = [&](Node node) { return loads_[node] / shares_[node]; };
    Node best = candidates_[row].front();
    for (const Node node : candidates_[row]) {
      if (filled(node) < filled(best)) best = node;
    }
    change(row, best);
  }
}

/// Takes the best chain from the node furthest over its share, else from the next. False when none is left.
bool PrimaryPlan::improve() {
  std::vector<Node> givers;
  for (Node node = 0; node < storers_.size(); ++node) {
    if (shares_[node] > 0 && excess(node) > 0) givers.push_back(node);
  }
  std::stable_sort(givers.begin(), givers.end(),
                   [&](Node a, Node b) { return excess(a) / shares_[a] > excess(b) / shares_[b]; });
  for (const Node from : givers) {
    const auto links = links_from(from);
    Chain best;
    double best_gain = gain_min_;
    for (Node to = 0; to < storers_.size(); ++to) {
      if (links[to] == Storers::none || excess(to) >= 0 || !(may_change(from) || may_change(to))) continue;
      auto found = chain(from, to, links);
      const double gained = gain(from, found);
      if (gained <= best_gain) continue;
      best = std::move(found);
      best_gain = gained;
    }
    if (best.empty()) continue;
    for (const auto& step : best) change(step.row, step.to);
    return true;
  }
  return false;
}

bool PrimaryPlan::may_change(Node node) const {
  return unsettled_[node] && (!measured_ || std::abs(excess(node)) > ends_at * shares_[node]);
}

/// Breadth-first search: for each node that can be reached, who comes before it on the shortest chain.
std::vector<PrimaryPlan::Node> PrimaryPlan::links_from(Node from) const {
  std::vector<Node> before(storers_.size(), Storers::none);
  std::vector<Node> queue{from};
  for (std::size_t next = 0; next < queue.size(); ++next) {
    for (const auto& [to, rows] : links_[queue[next]]) {
      if (rows.empty() || to == from || before[to] != Storers::none) continue;
      before[to] = queue[next];
      queue.push_back(to);
    }
  }
  return before;
}

/// On each link the row whose load is nearest to what is to be passed on.
PrimaryPlan::Chain PrimaryPlan::chain(Node from, Node to, const std::vector<Node>& links) const {
  const double wanted = std::min(excess(from), -excess(to));
  Chain result;
  for (Node at = to; at != from; at = links[at]) {
    const auto& rows = links_[links[at]].at(at);
    auto found = rows.lower_bound({wanted, 0});
    const bool lower = found == rows.end() ||
                       (found != rows.begin() && wanted - std::prev(found)->first <= found->first - wanted);
    if (lower) --found;
    result.push_back({found->second, at});
  }
  return result;
}

/// By how much the chain lowers the sum of (load - share)² / share.
double PrimaryPlan::gain(Node from, const Chain& chain) const {
  const auto change_of = [&](Node node, double by) {
    return (2 * excess(node) * by + by * by) / shares_[node];
  };
  // The chain is written from its end: each node passes on the row that stands after its own.
  double sum = 0;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const double passed_on = i == 0 ? 0 : row_loads_[chain[i - 1].row];
    sum += change_of(chain[i].to, row_loads_[chain[i].row] - passed_on);
  }
  return -(sum + change_of(from, -row_loads_[chain.back().row]));
}

void PrimaryPlan::change(Row row, Node to) {
  const Node from = primary_[row];
  if (from != Storers::none) {
    link(row, from, false);
    loads_[from] -= row_loads_[row];
  }
  primary_[row] = to;
  loads_[to] += row_loads_[row];
  link(row, to, true);
}

void PrimaryPlan::link(Row row, Node primary, bool present) {
  for (const Node other : candidates_[row]) {
    if (other == primary) continue;
    auto& rows = links_[primary][other];
    if (present) {
      rows.emplace(row_loads_[row], row);
    } else {
      rows.erase({row_loads_[row], row});
    }
  }
}

NodeId PrimaryPlan::fallback(Row row) const {
  const auto& present = map_.rows[row].primary;
  const auto may_be_primary = [this](NodeId id) { return map_.member(id)->may_be_primary(); };
  const bool stays = present && targets_[row].contains(*present);
  if (stays && may_be_primary(*present)) return *present;
  // One that was silent just now is better than one that is to give its primaries away.
  const auto other = std::find_if(targets_[row].begin(), targets_[row].end(), may_be_primary);
  if (other != targets_[row].end()) return *other;
  if (stays) return *present;
  return targets_[row].empty() ? NodeId{} : *targets_[row].begin();
}

}  // namespace gridmail
