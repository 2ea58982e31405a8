// What the verdict of the grid's status is made of.
#include <fmt/format.h>

#include <algorithm>

#include "node/grid_control_binding.hpp"
#include "storage/replication/grid_clock.hpp"

namespace gridmail {
namespace {

constexpr Duration write_takes_long = std::chrono::seconds(5);
constexpr Duration report_is_old_after = std::chrono::seconds(30);

bool has_majority(const NodeSet& voters, const std::function<bool(NodeId)>& is_alive) {
  const auto alive = static_cast<std::size_t>(std::count_if(voters.begin(), voters.end(), is_alive));
  return alive * 2 > voters.size();
}

}  // namespace

api::SlotPlacement placement_of(const Map& map, SlotId slot) {
  const auto& row = map.rows[slot];
  api::SlotPlacement placement;
  if (slot == map.directory_slot()) {
    placement.slot = api::DirectorySlot{};
  } else {
    placement.slot = slot;
  }
  placement.epoch = row.epoch;
  placement.primary = row.primary;
  placement.in_sync.assign(row.in_sync.begin(), row.in_sync.end());
  placement.joining.assign(row.joining.begin(), row.joining.end());
  placement.retired.assign(row.retired.begin(), row.retired.end());
  placement.retired.insert(placement.retired.end(), row.partial.begin(), row.partial.end());
  return placement;
}

void Health::say(api::Verdict how_bad, std::string reason) {
  verdict = std::max(verdict, how_bad);
  reasons.push_back(std::move(reason));
}

void GridControlBinding::judge_map(const Map& map, Health& health) const {
  const auto lives = [this](NodeId node) { return is_alive(node); };
  if (!has_majority(map.voters, lives)) {
    health.say(api::Verdict::unavailable,
               "most of the voters are silent: the map cannot change, lost copies are not replaced");
  }
  if (!map.voters_before.empty()) {
    health.say(api::Verdict::degraded,
               "the set of voters is being changed: losing a voter now may stop the map");
  }
  const bool takes_clients = std::any_of(map.members.begin(), map.members.end(), [&](const Member& member) {
    return member.state == MemberState::active && lives(member.id);
  });
  if (!takes_clients) {
    health.say(api::Verdict::unavailable,
               "no node that lives takes clients: all are drained or leave; undrain one");
  }
  for (const auto& member : map.members) {
    if (member.paused)
      health.say(api::Verdict::degraded,
                 fmt::format("what node {} has set moving is paused: resume it under jobs", member.name));
    if (lives(member.id)) continue;
    const bool planned = member.maintenance_until != 0;
    health.say(api::Verdict::degraded, fmt::format("node {} is {}", member.name,
                                                   planned ? "away by plan: it is not rebuilt" : "silent"));
  }
  std::size_t without_primary = 0;
  std::size_t too_few = 0;
  for (const auto& row : map.rows) {
    if (!row.primary || !lives(*row.primary)) {
      ++without_primary;
      continue;
    }
    const auto live = static_cast<std::size_t>(std::count_if(row.in_sync.begin(), row.in_sync.end(), lives));
    too_few += live < map.settings.copies ? 1 : 0;
  }
  if (without_primary > 0) {
    health.say(api::Verdict::unavailable, fmt::format("{} slots have no live primary", without_primary));
  }
  if (map.storing_members() < map.settings.copies) {
    health.say(api::Verdict::degraded,
               fmt::format("only {} node stores mail: every message has one copy; join another node",
                           map.storing_members()));
  } else if (too_few > 0) {
    health.say(api::Verdict::degraded,
               fmt::format("{} slots have fewer than {} copies in sync", too_few, map.settings.copies));
  }
}

void GridControlBinding::judge_disks(const Map& map, std::size_t lost_here, Health& health) const {
  const auto disks = parts_.core.loads().disks();
  const auto heard = parts_.core.loads().heard();
  const auto is_heard_of = [&](NodeId node) {
    const auto found = heard.find(node);
    return node == parts_.core.self() ||
           (found != heard.end() && parts_.clock.now() - found->second.at < report_is_old_after);
  };
  for (const auto& member : map.members) {
    const auto told = disks.find(member.id);
    const bool is_here = member.id == parts_.core.self();
    const bool is_told = told != disks.end() && is_alive(member.id);
    const auto lost = is_here ? lost_here : is_told ? told->second.lost_slots : 0;
    if (lost > 0) {
      health.say(api::Verdict::degraded,
                 fmt::format("the disk of node {} has lost records of {} slots: they are fetched again",
                             member.name, lost));
    }
    if (told != disks.end() && told->second.stalled >= write_takes_long && is_heard_of(member.id)) {
      health.say(api::Verdict::degraded,
                 fmt::format("the disk of node {} has not finished a write for {} s", member.name,
                             told->second.stalled / std::chrono::seconds(1)));
    }
    if (is_alive(member.id) && parts_.core.leases().is_full(member.id)) {
      health.say(api::Verdict::degraded,
                 fmt::format("the disk of node {} is full up to its reserve: slots with a copy there take "
                             "no new mail",
                             member.name));
    }
    const auto unread = is_here   ? parts_.core.scrub().report().unread_since
                        : is_told ? told->second.unread_since
                                  : 0;
    const std::chrono::hours round(24 * map.settings.scrub_days);
    if (scrub_is_overdue(unread, round, parts_.clock.wall())) {
      health.say(api::Verdict::degraded,
                 fmt::format("node {} has slots that were compared with their other copies {} days ago: "
                             "its disk is too slow for {} days, or copies are missing",
                             member.name, (parts_.clock.wall() - unread) / to_micros(std::chrono::hours(24)),
                             map.settings.scrub_days));
    }
  }
}

/// By the nodes that live; where two differ nobody can tell which is wrong, and both are named.
void GridControlBinding::judge_clocks(const Map& map, Health& health) const {
  const auto clocks =
      clocks_of(map, parts_.core.self(), parts_.core.loads().heard(),
                [this](NodeId node) { return is_alive(node); }, {parts_.clock.now(), parts_.clock.wall()});
  for (const auto& [ahead, node] : clocks) {
    const auto off = ahead - median(clocks);
    if (std::chrono::abs(off) < clock_is_off) continue;
    const auto* member = map.member(node);
    health.say(api::Verdict::degraded, fmt::format("the clock of node {} is {} s off those of the others",
                                                   member != nullptr ? member->name : node.brief(),
                                                   std::chrono::round<std::chrono::seconds>(off).count()));
  }
}

Health GridControlBinding::health(const Map& map, std::size_t lost_here) const {
  Health health;
  judge_map(map, health);
  const auto view = parts_.core.membership().view();
  for (const auto& member : map.members) {
    const auto gossiped = view->find(member.id);
    if (gossiped == view->end()) continue;
    if (gossiped->second.figures.old_disk) {
      health.say(
          api::Verdict::degraded,
          fmt::format("node {} got an old disk back and has forgotten what it voted for: it votes again "
                      "once the others have agreed on that",
                      member.name));
    }
    if (gossiped->second.is_duplicated()) {
      health.say(api::Verdict::degraded,
                 fmt::format("two running processes have the identity of node {}, as after a machine was "
                             "cloned: stop one, and give it a data directory of its own",
                             member.name));
    }
  }
  judge_disks(map, lost_here, health);
  judge_clocks(map, health);
  return health;
}

}  // namespace gridmail
