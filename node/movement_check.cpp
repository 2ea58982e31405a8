#include "node/movement_check.hpp"

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "gossip/placement/planner.hpp"

namespace gridmail {
namespace {

std::size_t storing_zones(const Map& map) {
  std::set<std::string_view> zones;
  for (const auto& member : map.members) {
    if (member.stores()) zones.insert(member.zone);
  }
  return zones.size();
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

Result<void> check_copies_fit(const Map& before, const Map& after, const DiskFiguresByNode& disks) {
  const std::size_t copies = after.settings.copies;
  const std::size_t nodes = after.storing_members();
  if (nodes < copies && (nodes < before.storing_members() || copies > before.settings.copies)) {
    return fail(
        Errc::conflict,
        fmt::format("too few nodes: {} would store mail, and every slot has {} copies", nodes, copies));
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

Movement movement_between(const Map& before, const Map& after, const DiskFiguresByNode& disks) {
  const auto planned = plan_copies(before), wanted = plan_copies(after);
  const auto may_be_primary = [](const Map& map, NodeId node) {
    const auto* member = map.member(node);
    return member != nullptr && member->may_be_primary();
  };
  Movement movement;
  for (std::size_t i = 0; i < before.rows.size(); ++i) {
    const auto& primary = before.rows[i].primary;
    if (primary && may_be_primary(before, *primary) && !may_be_primary(after, *primary)) ++movement.primaries;
    for (const auto& node : wanted[i])
      movement.made += before.rows[i].holds(node) || planned[i].contains(node) ? 0 : 1;
    movement.dropped += planned[i].size() > wanted[i].size() ? planned[i].size() - wanted[i].size() : 0;
  }
  movement.bytes = bytes_of_a_copy(before, disks) * static_cast<double>(movement.made);
  return movement;
}

std::vector<std::string> text_of(const Movement& movement) {
  std::vector<std::string> texts;
  if (movement.primaries > 0)
    texts.push_back(fmt::format("{} slots get another primary", movement.primaries));
  if (movement.made > 0) {
    texts.push_back(movement.bytes > 0 ? fmt::format("{} copies are made on other nodes, about {}",
                                                     movement.made, gigabytes(movement.bytes))
                                       : fmt::format("{} copies are made on other nodes", movement.made));
  }
  if (movement.dropped > 0)
    texts.push_back(fmt::format("{} copies go without another in their place", movement.dropped));
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

}  // namespace gridmail
