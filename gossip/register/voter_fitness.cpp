#include "gossip/register/voter_fitness.hpp"

#include <algorithm>

namespace gridmail {
namespace {

/// Marks go with the requests for leases, some of which get lost.
constexpr auto answer_max = std::chrono::seconds(1);

}  // namespace

NodeSet VoterFitness::co_voters(const Map& map) const {
  NodeSet others;
  for (const auto* set : {&map.voters, &map.voters_before}) {
    for (const auto& node : *set) others.insert(node);
  }
  others.erase(self_);
  return others;
}

bool VoterFitness::may_vote(const Map* map, const Acceptor& acceptor) const {
  if (map == nullptr) return true;
  const auto others = co_voters(*map);
  if (others.empty()) return true;
  if (has_forgotten(acceptor)) return false;
  const auto told = static_cast<std::size_t>(
      std::count_if(others.begin(), others.end(), [this](NodeId node) { return marks_.is_known_to(node); }));
  if (told == others.size()) return true;
  return told * 2 >= others.size() && clock_.now() - started_ >= answer_max;
}

bool VoterFitness::may_begin_anew(const Map& map) const {
  const bool votes = map.voters.contains(self_) || map.voters_before.contains(self_);
  return !votes || co_voters(map).empty();
}

}  // namespace gridmail
