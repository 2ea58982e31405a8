#include "node/movement_check.hpp"

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "gossip/placement/planner.hpp"
#include "gossip/register/voter_plan.hpp"

namespace gridmail {
namespace {

std::size_t storing_zones(const Map& map) {
  std::set<std::string_view> zones;
  for (const auto& member : map.members) {
    if (member.stores()) zones.insert(member.zone);
  }
  return zones.size();
}

std::size_t living_storers(const Map& map, const std::function<bool(NodeId)>& is_alive) {
  return static_cast<std::size_t>(
      std::count_if(map.members.begin(), map.members.end(),
                    [&](const Member& member) { return member.stores() && is_alive(member.id); }));
}

/// The mean over all copies of which something is known.
double bytes_of_a_copy(const Map& map, const DiskFiguresByNode& disks) {
  double bytes = 0;
  double copies = 0;
  for (const auto& [node, figures] : disks) {
    bytes += static_cast<double>(figures.stored_bytes);
    for (const auto& row : map.rows) copies += row.holds(node) ? 1 : 0;
  }
  return copies == 0 ? 0 : bytes / copies;
}

std::string gigabytes(double bytes) {
  return fmt::format("{:.1f} GB", bytes / 1e9);
}

Result<void> check_space(const Map& before, const Map& after, const DiskFiguresByNode& disks) {
  const double copy = bytes_of_a_copy(before, disks);
  const auto targets = plan_copies(after);
  std::map<NodeId, std::size_t> gained;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    for (const auto& node : targets[i]) gained[node] += after.rows[i].holds(node) ? 0 : 1;
  }
  for (const auto& [node, slots] : gained) {
    const auto figures = disks.find(node);
    const auto* member = after.member(node);
    if (figures == disks.end() || member == nullptr || slots == 0) continue;
    const double needed = copy * static_cast<double>(slots);
    const auto room = static_cast<double>(figures->second.free_bytes);
    if (needed <= room) continue;
    return fail(Errc::conflict,
                fmt::format("no space: {} would be given {} slots, about {}, and has room for {}",
                            member->name, slots, gigabytes(needed), gigabytes(room)));
  }
  return {};
}

}  // namespace

Result<void> check_copies_fit(const Map& before, const Map& after, const DiskFiguresByNode& disks,
                              const std::function<bool(NodeId)>& is_alive) {
  const std::size_t copies = after.settings.copies;
  const std::size_t nodes = after.storing_members();
  if (nodes < copies && (nodes < before.storing_members() || copies > before.settings.copies)) {
    return fail(
        Errc::conflict,
        fmt::format("too few nodes: {} would store mail, and every slot has {} copies", nodes, copies));
  }
  const std::size_t living = living_storers(after, is_alive);
  if (living < copies && living < living_storers(before, is_alive)) {
    return fail(Errc::conflict, fmt::format("too few living nodes: {} that store mail would be left, and "
                                            "every slot has {} copies; bring those back that are silent, or "
                                            "remove them, first",
                                            living, copies));
  }
  const std::size_t zones = storing_zones(after);
  if (zones < copies && zones < storing_zones(before)) {
    return fail(Errc::conflict,
                fmt::format("too few zones: nodes that store mail would be left in {}, and every slot has {} "
                            "copies in zones apart; put nodes into other zones first",
                            zones == 1 ? "one zone" : fmt::format("{} zones", zones), copies));
  }
  return check_space(before, after, disks);
}

SlotChanges changes_between(const Map& before, const Map& after, const DiskFiguresByNode& disks) {
  const auto planned = plan_copies(before), wanted = plan_copies(after);
  const auto may_be_primary = [](const Map& map, NodeId node) {
    const auto* member = map.member(node);
    return member != nullptr && member->may_be_primary();
  };
  SlotChanges changes;
  for (std::size_t i = 0; i < before.rows.size(); ++i) {
    const auto& primary = before.rows[i].primary;
    if (primary && may_be_primary(before, *primary) && !may_be_primary(after, *primary)) ++changes.primaries;
    for (const auto& node : wanted[i])
      changes.made += before.rows[i].holds(node) || planned[i].contains(node) ? 0 : 1;
    changes.dropped += planned[i].size() > wanted[i].size() ? planned[i].size() - wanted[i].size() : 0;
  }
  changes.bytes = bytes_of_a_copy(before, disks) * static_cast<double>(changes.made);
  return changes;
}

std::vector<std::string> text_of(const SlotChanges& changes) {
  std::vector<std::string> texts;
  if (changes.primaries > 0) texts.push_back(fmt::format("{} slots get another primary", changes.primaries));
  if (changes.made > 0) {
    texts.push_back(changes.bytes > 0 ? fmt::format("{} copies are made on other nodes, about {}",
                                                    changes.made, gigabytes(changes.bytes))
                                      : fmt::format("{} copies are made on other nodes", changes.made));
  }
  if (changes.dropped > 0)
    texts.push_back(fmt::format("{} copies go without another in their place", changes.dropped));
  return texts;
}

Result<void> check_drain(const Map& map, NodeId node, const std::function<bool(NodeId)>& is_alive) {
  if (map.settings.copies < 2) {
    return fail(
        Errc::conflict,
        "every slot has one copy only, so that nobody else can be its primary: set copies to 2 first, or "
        "remove the node");
  }
  const bool others = std::any_of(map.members.begin(), map.members.end(), [&](const Member& member) {
    return member.id != node && member.stores() && member.may_be_primary() && is_alive(member.id);
  });
  if (others) return {};
  return fail(Errc::conflict, "no other live node that stores mail may be primary");
}

Result<void> check_voters(const Map& map, NodeId node, const std::function<bool(NodeId)>& is_alive) {
  const auto voters = voters_without(map, node, is_alive);
  const auto left = static_cast<std::size_t>(std::count_if(
      voters.begin(), voters.end(), [&](NodeId voter) { return voter != node && is_alive(voter); }));
  if (left * 2 > voters.size()) return {};
  return fail(Errc::conflict,
              fmt::format("too few voters: {} of {} would be there, which is no majority: nothing could be "
                          "agreed, and nobody take over from anybody",
                          left, voters.size()));
}

}  // namespace gridmail
