// The least-changes pass behind plan_primaries(): each row has one primary among its target copies; nodes
// over their quota pass rows on, along chains of nodes that share rows, to nodes under theirs.
#pragma once
#include <cstdint>
#include <vector>

#include "gossip/placement/storers.hpp"

namespace gridmail {

class PrimaryPlan {
 public:
  PrimaryPlan(const Map& map, const std::vector<NodeSet>& targets);
  [[nodiscard]] std::vector<NodeId> solve();

 private:
  using Row = std::uint32_t;
  using Node = std::size_t;

  void choose_first();
  void set_quotas();
  bool pass_one_on(Node from);
  void change(Row row, Node to);
  [[nodiscard]] NodeId fallback(Row row) const;

  const Map& map_;
  const std::vector<NodeSet>& targets_;
  Storers storers_;
  std::vector<std::vector<Node>> candidates_;  // per row: targets that are not draining
  std::vector<Node> primary_;                  // per row; Storers::none without candidates
  std::vector<std::vector<Row>> rows_of_;
  std::vector<std::size_t> quota_;
};

}  // namespace gridmail
