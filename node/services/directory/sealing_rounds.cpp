#include "node/services/directory/sealing_rounds.hpp"

#include "node/runtime/timer.hpp"

namespace gridmail {
namespace {

constexpr auto members_looked_at_every = std::chrono::seconds(1);
constexpr unsigned looks_between = 60;

std::vector<NodeId> ids_of(const Map& map) {
  std::vector<NodeId> ids;
  for (const auto& member : map.members) ids.push_back(member.id);
  return ids;
}

}  // namespace

Task<void> keep_sealed(Clock& clock, std::function<MapPtr()> map,
                       std::vector<std::function<Task<bool>()>> keepers) {
  std::vector<NodeId> sealed_to;
  for (unsigned round = 0;; ++round) {
    const auto now = map();
    if (now && (round % looks_between == 0 || ids_of(*now) != sealed_to)) {
      bool all_done = true;
      for (const auto& look : keepers) {
        const bool done = co_await look();
        all_done = all_done && done;
      }
      if (all_done) sealed_to = ids_of(*now);
    }
    co_await sleep_for(clock, members_looked_at_every);
  }
}

}  // namespace gridmail
