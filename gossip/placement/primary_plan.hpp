// The pass behind plan_primaries(): each row has one primary among its target copies, and the loads of the
// nodes are to be in proportion to their weights. A steepest descent on the sum of (load - share)² / share:
// rows pass from nodes over their share to nodes under it, along the shortest chain of nodes that share rows.
//
// Without flapping: where loads are measured, and so waver, only nodes off their share by more than
// `begins_at` give or take, until they are within `ends_at`, and only by steps worth it. Where nothing is
// measured every row weighs one, and numbers become as even as they can.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "gossip/placement/planner.hpp"
#include "gossip/placement/storers.hpp"

namespace gridmail {

class PrimaryPlan {
 public:
  static constexpr double begins_at = 0.15;  // of a node's share
  static constexpr double ends_at = 0.05;
  /// Rows at rest count for something, so that numbers are even where nothing happens: all rows together for
  /// a tenth of what is measured, lest they hide it, and each within these, lest noise be taken for load.
  static constexpr double rest_of_measured = 0.1;
  static constexpr double rest_min = 0.0025;
  static constexpr double rest_max = 0.02;

  PrimaryPlan(const Map& map, const std::vector<NodeSet>& targets, const PlanHints& hints);
  [[nodiscard]] std::vector<NodeId> solve();

 private:
  using Row = std::uint32_t;
  using Node = std::size_t;
  /// Rows with one primary and one other candidate, by load.
  using Rows = std::set<std::pair<double, Row>>;
  struct Step {
    Row row;
    Node to;
  };
  using Chain = std::vector<Step>;

  [[nodiscard]] static double load_of_rest(const std::vector<double>& measured);
  void choose_first();
  void set_shares();
  [[nodiscard]] bool improve();
  [[nodiscard]] std::vector<Node> links_from(Node from) const;
  [[nodiscard]] Chain chain(Node from, Node to, const std::vector<Node>& links) const;
  [[nodiscard]] double gain(Node from, const Chain& chain) const;
  [[nodiscard]] bool may_change(Node node) const;
  [[nodiscard]] double excess(Node node) const { return loads_[node] - shares_[node]; }
  void change(Row row, Node to);
  void link(Row row, Node primary, bool present);
  [[nodiscard]] NodeId fallback(Row row) const;

  const Map& map_;
  const std::vector<NodeSet>& targets_;
  Storers storers_;
  bool measured_;
  std::vector<double> row_loads_;
  std::vector<std::vector<Node>> candidates_;  // per row: targets that may be primary
  std::vector<Node> primary_;                  // per row; Storers::none without candidates
  std::vector<double> loads_, shares_;         // per node
  std::vector<bool> unsettled_;                // per node: was off its share when the planning began
  double gain_min_ = 0;
  std::vector<std::map<Node, Rows>> links_;  // per primary: other candidates of its rows
};

}  // namespace gridmail
