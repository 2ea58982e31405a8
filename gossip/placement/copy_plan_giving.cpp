// Giving rows straight to nodes under their quota.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <queue>

#include "gossip/placement/copy_plan.hpp"

namespace gridmail {

/// Everybody may have as many copies more than it has in sync as an even share of those that are missing,
/// rounded up.
void CopyPlan::let_all_take_part() {
  std::size_t missing = copies_ * seats_.size();
  double weight = 0;
  for (Node node = 0; node < nobody_; ++node) {
    missing -= std::min(missing, in_sync_[node]);
    weight += storers_.storers[node].weight;
  }
  for (Node node = 0; node < nobody_; ++node) {
    const double even = static_cast<double>(missing) * storers_.storers[node].weight / weight;
    quota_[node] = in_sync_[node] + static_cast<std::size_t>(std::ceil(even));
  }
}

void CopyPlan::give_directly(const std::vector<Node>& givers) {
  // Rows whose other holders changed meanwhile, and further empty seats of a row, come in another round.
  for (bool again = true; again;) {
    std::vector<Bundle> bundles;
    for (const Node giver : givers) {
      if (is_over(giver)) add_bundles(giver, bundles);
    }
    again = give_all(std::move(bundles));
  }
}

/// Whether any could be given. What an offer is worth only falls, as receivers fill up and get more in common
/// with others, and givers less: so one that is still worth what it was is the best there is.
bool CopyPlan::give_all(std::vector<Bundle> bundles) {
  takers_.clear();
  for (Node node = 0; node < nobody_; ++node) {
    if (is_under(node)) takers_.push_back(node);
  }
  std::priority_queue<Offer, std::vector<Offer>, std::greater<>> offers;
  const auto look = [&](std::size_t at) {
    if (const auto offer = best_offer(bundles, at)) offers.push(*offer);
  };
  for (std::size_t at = 0; at < bundles.size(); ++at) look(at);
  bool given = false;
  while (!offers.empty()) {
    const Offer before = offers.top();
    offers.pop();
    const auto offer = best_offer(bundles, before.bundle);
    if (offer == before) {
      auto& bundle = bundles[before.bundle];
      replace(bundle.rows.back(), bundle.giver, before.to);
      bundle.rows.pop_back();
      given = true;
      look(before.bundle);
    } else if (offer) {
      offers.push(*offer);
    }
  }
  return given;
}

void CopyPlan::add_bundles(Node giver, std::vector<Bundle>& bundles) const {
  std::map<std::vector<Node>, std::vector<Row>> by_others;
  std::vector<Node> others;
  for (const Row row : rows_of(giver)) {
    others = seats_[row];
    others.erase(std::find(others.begin(), others.end(), giver));
    std::sort(others.begin(), others.end());
    auto& rows = by_others[others];
    if (rows.empty() || rows.back() != row) rows.push_back(row);
  }
  for (auto& [nodes, rows] : by_others) bundles.push_back({giver, nodes, std::move(rows)});
}

std::optional<CopyPlan::Offer> CopyPlan::best_offer(std::vector<Bundle>& bundles, std::size_t at) const {
  auto& bundle = bundles[at];
  drop_changed_rows(bundle);
  if (bundle.rows.empty() || !is_over(bundle.giver)) return std::nullopt;
  std::optional<Offer> best;
  for (const Node node : takers_) {
    if (!is_under(node) || !may_receive(bundle, node)) continue;
    const Offer offer{in_common_with_others(bundle, node), filled(node), at, node};
    if (!best || offer < *best) best = offer;
  }
  return best;
}

/// Another giver gave them away too.
void CopyPlan::drop_changed_rows(Bundle& bundle) const {
  const auto is_unchanged = [&](Row row) {
    return holds(row, bundle.giver) && std::all_of(bundle.others.begin(), bundle.others.end(),
                                                   [&](Node other) { return holds(row, other); });
  };
  while (!bundle.rows.empty() && !is_unchanged(bundle.rows.back())) bundle.rows.pop_back();
}

bool CopyPlan::may_receive(const Bundle& bundle, Node node) const {
  std::size_t in_its_zone = 0;
  for (const Node other : bundle.others) {
    if (other == node) return false;
    if (other != nobody_ && storers_.storers[other].zone == storers_.storers[node].zone) ++in_its_zone;
  }
  return in_its_zone < zone_copies_max_;
}

/// By how much it would be more than it is with the giver, for their weights.
double CopyPlan::in_common_with_others(const Bundle& bundle, Node in) const {
  const Node out = bundle.giver;
  std::int32_t with_in = 0;
  std::int32_t with_out = 0;
  for (const Node other : bundle.others) {
    if (other == nobody_) continue;
    with_in += in_common_[in * nobody_ + other];
    if (out != nobody_) with_out += in_common_[out * nobody_ + other];
  }
  const double before = out == nobody_ ? 0.0 : static_cast<double>(with_out) / storers_.storers[out].weight;
  return static_cast<double>(with_in) / storers_.storers[in].weight - before;
}

}  // namespace gridmail
