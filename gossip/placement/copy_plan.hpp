// The least-moves pass behind plan_copies(). A row's copies are seats; an empty seat is held by `nobody`, a
// node with quota 0. Whoever holds more seats than its quota gives some to those that hold fewer: directly
// where zones allow it, else along a chain of nodes that each pass one on.
#pragma once
#include <cstdint>
#include <vector>

#include "gossip/placement/storers.hpp"

namespace gridmail {

class CopyPlan {
 public:
  CopyPlan(const Map& map, const NodeSet& gone);
  [[nodiscard]] std::vector<NodeSet> solve();

 private:
  using Row = std::uint32_t;
  using Node = std::size_t;

  void seat_present_copies();
  void trim(Row row);
  void set_quotas();
  void give_directly(Node from);
  void give_along_chains(Node from);
  bool pass_one_on(Node from);
  void fill_what_is_left();
  [[nodiscard]] bool may_replace(Row row, Node out, Node in) const;
  [[nodiscard]] Node best_receiver(Row row, Node out) const;
  void replace(Row row, Node out, Node in);

  [[nodiscard]] bool holds(Row row, Node node) const;
  [[nodiscard]] std::size_t in_zone(Row row, std::size_t zone, Node but) const;
  [[nodiscard]] bool is_over(Node node) const { return rows_of_[node].size() > quota_[node]; }
  [[nodiscard]] bool is_under(Node node) const { return rows_of_[node].size() < quota_[node]; }
  [[nodiscard]] double score(Row row, Node node) const;

  const Map& map_;
  Storers storers_;
  Node nobody_;
  std::size_t copies_;
  std::size_t zone_copies_max_;  // of one row in one zone
  std::vector<std::vector<Node>> seats_;
  std::vector<std::vector<Row>> rows_of_;
  std::vector<std::size_t> quota_;
};

}  // namespace gridmail
