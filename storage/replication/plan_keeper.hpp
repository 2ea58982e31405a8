// PlanKeeper: the placement plan that this node's primaries move towards, made anew when the map, the signs
// of life or the loads ask for it, and not more often than needed.
//
// Without haste: a node that was silent is given primaries only after it has been heard for a while, one that
// is dead keeps its share of the copies until it has been dead for long, one whose disk was full has copies
// moved there only after a while, and loads are looked at twice a minute. On the slot table's first strand.
#pragma once
#include <functional>
#include <map>
#include <memory>

#include "gossip/placement/planner.hpp"
#include "storage/replication/load_book.hpp"
#include "storage/replication/signs_of_life.hpp"

namespace gridmail {

struct PlanSettings {
  Duration renewal = std::chrono::seconds(1);  ///< at most so often
  bool by_load = true;                         ///< false: primaries are shared by number
  Duration loads_every = std::chrono::seconds(30);
  /// Who was given a slot to share loads keeps it for so long: nodes look at loads at different times, and
  /// each would give it back by its own figures.
  Duration keeps_for = std::chrono::seconds(60);
  Duration back_for = std::chrono::seconds(10);  ///< then a node that was silent may have primaries again
  /// So long after a node last said that its disk is full, no copy moves there by plan: what the end of such
  /// a move wipes makes room, and the same move would begin anew.
  Duration full_for = std::chrono::minutes(10);
};

class PlanKeeper {
 public:
  /// Immutable where it is shared.
  struct Plan {
    MapPtr map;
    PlanHints hints;
    PlacementPlan placement;
  };
  using PlanPtr = std::shared_ptr<const Plan>;

  PlanKeeper(NodeId self, const LoadBook& loads, PlanSettings settings)
      : self_(self), loads_(loads), settings_(settings) {}

  /// `dead_for_long` is what gossip says; whoever gives leases lives all the same. The plan it gave last
  /// where nothing has changed.
  [[nodiscard]] PlanPtr renew(const MapPtr& map, const SignsOfLife& signs,
                              const std::function<NodeSet()>& dead_for_long, TimePoint now);

 private:
  void note_full(const Map& map, const SignsOfLife& signs, TimePoint now);
  [[nodiscard]] PlanHints hints(const Map& map, const SignsOfLife& signs, const NodeSet& dead_for_long,
                                TimePoint now);

  const NodeId self_;
  const LoadBook& loads_;
  const PlanSettings settings_;
  PlanPtr plan_;
  TimePoint planned_at_;
  std::vector<double> rates_;
  TimePoint rates_at_;
  std::map<NodeId, TimePoint> silent_at_;  ///< when it was last found silent
  std::map<NodeId, TimePoint> full_at_;    ///< when its disk was last found full
};

}  // namespace gridmail
