#include "node/planned_stop.hpp"

#include <algorithm>

#include "gossip/register/voter_plan.hpp"
#include "node/base/log.hpp"
#include "node/runtime/timer.hpp"

namespace gridmail {
namespace {

constexpr auto look_again = std::chrono::milliseconds(20);

bool has_primaries(const Map& map, NodeId node) {
  return std::any_of(map.rows.begin(), map.rows.end(),
                     [node](const auto& row) { return row.primary == node; });
}

}  // namespace

bool is_planned_stop(WallMicros maintenance_until, WallMicros now) {
  const auto most = to_micros(planned_absence);
  return maintenance_until != 0 && maintenance_until <= now + most;
}

Task<bool> step_aside(GridCore& core, GridControlBinding& control, Clock& clock) {
  const auto is_alive = [&control](NodeId node) { return control.is_alive(node); };
  auto map = core.map();
  const auto* own = map ? map->member(core.self()) : nullptr;
  if (own == nullptr) co_return false;
  if (!has_primaries(*map, core.self()) && !passes_vote_on(*map, core.self(), is_alive)) co_return true;
  if (own->maintenance_until == 0) {
    const auto away = co_await control.maintain(own->name, planned_absence);
    if (!away) {
      map = core.map();
      const bool primary = has_primaries(*map, core.self());
      const bool alone = map->members.size() == 1;  // who else should have them?
      if (primary && !alone) log(Level::info, "node.keeps_primaries", {{"reason", away.error().text}});
      co_return !primary;
    }
  }
  for (;;) {
    map = core.map();
    const bool primary = has_primaries(*map, core.self());
    // All stop at once, such as on a power failure's last minute of battery: nobody is left to take them.
    const bool waits =
        (primary && check_drain(*map, core.self(), is_alive)) || passes_vote_on(*map, core.self(), is_alive);
    if (!waits) co_return !primary;
    co_await sleep_for(clock, look_again);
  }
}

}  // namespace gridmail
