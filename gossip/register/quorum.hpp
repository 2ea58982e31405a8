// Majorities of one or more sets of voters: while voters change, both the sets before and after must agree.
#pragma once
#include <algorithm>
#include <vector>

#include "gossip/register/map.hpp"

namespace gridmail {

class Quorum {
 public:
  /// Demands a majority of this set, too. The empty set demands nothing.
  void demand(const NodeSet& voters) {
    if (!voters.empty() && !demands(voters)) sets_.push_back(voters);
  }
  void demand_voters_of(const Map& map) {
    demand(map.voters);
    demand(map.voters_before);
  }
  [[nodiscard]] bool covers_voters_of(const Map& map) const {
    return demands(map.voters) && (map.voters_before.empty() || demands(map.voters_before));
  }
  [[nodiscard]] bool is_met_by(const NodeSet& answered) const {
    return std::all_of(sets_.begin(), sets_.end(), [&](const NodeSet& set) {
      const auto votes =
          std::count_if(set.begin(), set.end(), [&](NodeId node) { return answered.contains(node); });
      return static_cast<std::size_t>(votes) * 2 > set.size();
    });
  }
  [[nodiscard]] NodeSet everyone() const {
    NodeSet all;
    for (const auto& set : sets_)
      for (const auto& node : set) all.insert(node);
    return all;
  }

 private:
  [[nodiscard]] bool demands(const NodeSet& voters) const {
    return std::find(sets_.begin(), sets_.end(), voters) != sets_.end();
  }
  std::vector<NodeSet> sets_;
};

[[nodiscard]] inline bool same_voters(const Map& a, const Map& b) {
  return a.voters == b.voters && a.voters_before == b.voters_before;
}

}  // namespace gridmail
