// The least-moves pass behind plan_copies(). A row's copies are seats; an empty seat is held by `nobody`, a
// node with quota 0. Whoever holds more seats than its quota gives some to those that hold fewer: directly
// where zones allow it, else along a chain of nodes that each pass one on.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "gossip/placement/storers.hpp"

namespace gridmail {

class CopyPlan {
 public:
  CopyPlan(const Map& map, const NodeSet& gone);
  [[nodiscard]] std::vector<NodeSet> solve();
  /// Only fills the empty seats.
  [[nodiscard]] std::vector<NodeSet> stand_in();

 private:
  using Row = std::uint32_t;
  using Node = std::size_t;
  enum class Takers { all, spares };
  /// A row for a node. The fewer other rows that one has in common with those that hold this one, compared
  /// with the giver, the better; then by score.
  struct Offer {
    Row row;
    Node to;
    double in_common;
    double score;
    [[nodiscard]] bool is_better_than(const Offer& other) const {
      if (in_common != other.in_common) return in_common < other.in_common;
      return score != other.score ? score > other.score : row < other.row;
    }
  };

  void seat_present_copies();
  void trim(Row row);
  void choose_among_spares();
  void set_quotas();
  void let_all_take_part();
  void give_directly(Node from);
  void give_along_chains(Node from, Takers takers);
  bool pass_one_on(Node from, Takers takers);
  void fill_what_is_left();
  [[nodiscard]] bool may_replace(Row row, Node out, Node in) const;
  [[nodiscard]] std::optional<Offer> best_offer(Row row, Node out) const;
  [[nodiscard]] double in_common_with_others(Row row, Node out, Node in) const;
  void take_seat(Row row, Node node);
  void leave_seat(Row row, Node node);
  void count_in_common(Row row, Node node, std::int32_t change);
  [[nodiscard]] std::vector<NodeSet> result() const;
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
  std::vector<Node> spare_;  ///< per row: has a copy of it too, but no seat
  std::vector<std::vector<Row>> rows_of_;
  std::vector<std::size_t> quota_;
  std::vector<std::size_t> in_sync_;     ///< how many rows a node holds in sync
  std::vector<std::int32_t> in_common_;  ///< rows that two nodes both hold; nobody has none
};

}  // namespace gridmail
