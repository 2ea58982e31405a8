// The least-moves pass behind plan_copies(). A row's copies are seats; an empty seat is held by `nobody`, a
// node with quota 0. Whoever holds more seats than its quota gives some to those that hold fewer: directly
// where zones allow it, else along a chain of nodes that each pass one on. Of the seats that could be given,
// it gives those that leave any two nodes with as many rows in common as any other two.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "gossip/placement/storers.hpp"

namespace gridmail {

class CopyPlan {
 public:
  CopyPlan(const Map& map, const NodeSet& gone);
  [[nodiscard]] std::vector<NodeSet> solve();
  /// Only fills the empty seats, evenly over all.
  [[nodiscard]] std::vector<NodeSet> stand_in();

 private:
  using Row = std::uint32_t;
  using Node = std::size_t;
  /// Rows of one giver that the same others hold: they are alike, and there are few kinds in a small grid, of
  /// thousands of rows.
  struct Bundle {
    Node giver;
    std::vector<Node> others;
    std::vector<Row> rows;  ///< the last ones go first
  };
  /// To whom a row of a bundle goes. The fewer rows that one has in common with those that hold this one too,
  /// compared with the giver, the better; then whoever lacks most.
  struct Offer {
    double in_common;
    double filled;  ///< of the receiver's quota
    std::size_t bundle;
    Node to;
    auto operator<=>(const Offer&) const = default;
  };
  /// A copy that a row has too many.
  struct Spare {
    Row row;
    Node node;
  };

  void seat_present_copies();
  void trim(Row row);
  void choose_among_spares();
  bool pass_on_among_spares(Node from);
  void set_quotas();
  [[nodiscard]] std::vector<NodeSet> result() const;
  void give_along_chains(Node from);
  bool pass_one_on(Node from);
  void fill_what_is_left();
  [[nodiscard]] bool may_replace(Row row, Node out, Node in) const;
  void replace(Row row, Node out, Node in);
  void take_seat(Row row, Node node);
  void leave_seat(Row row, Node node);
  void count_in_common(Row row, Node node, std::int32_t change);

  // copy_plan_giving.cpp
  void let_all_take_part();
  void give_directly(const std::vector<Node>& givers);
  bool give_all(std::vector<Bundle> bundles);
  void add_bundles(Node giver, std::vector<Bundle>& bundles) const;
  [[nodiscard]] std::optional<Offer> best_offer(std::vector<Bundle>& bundles, std::size_t at) const;
  void drop_changed_rows(Bundle& bundle) const;
  [[nodiscard]] bool may_receive(const Bundle& bundle, Node node) const;
  [[nodiscard]] double in_common_with_others(const Bundle& bundle, Node in) const;

  [[nodiscard]] bool holds(Row row, Node node) const;
  [[nodiscard]] std::size_t in_zone(Row row, std::size_t zone, Node but) const;
  [[nodiscard]] std::vector<Row> rows_of(Node node) const;
  [[nodiscard]] bool is_over(Node node) const { return held_[node] > quota_[node]; }
  [[nodiscard]] bool is_under(Node node) const { return held_[node] < quota_[node]; }
  [[nodiscard]] double filled(Node node) const {
    return static_cast<double>(held_[node]) / static_cast<double>(quota_[node]);
  }
  [[nodiscard]] double score(Row row, Node node) const;

  const Map& map_;
  Storers storers_;
  Node nobody_;
  std::size_t copies_;
  std::size_t zone_copies_max_;  // of one row in one zone
  std::vector<std::vector<Node>> seats_;
  std::vector<std::size_t> held_;  ///< how many seats a node has
  std::vector<Spare> spares_;
  std::vector<Node> takers_;  ///< under their quota when a round of giving began
  std::vector<std::size_t> quota_;
  std::vector<std::size_t> in_sync_;     ///< how many rows a node holds in sync
  std::vector<std::int32_t> in_common_;  ///< rows that two nodes both hold; nobody has none
};

}  // namespace gridmail
