// The members that can hold copies, numbered: what the planners count with instead of ids.
#pragma once
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "gossip/placement/quotas.hpp"
#include "gossip/register/map.hpp"

namespace gridmail {

struct Storers {
  std::vector<const Member*> members;  ///< that store and are not `gone`, in order of their ids
  std::vector<Storer> storers;
  std::size_t zones = 0;
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  explicit Storers(const Map& map, const NodeSet& gone = {}) {
    std::map<std::string, std::size_t> zone_numbers;
    for (const auto& member : map.members) {
      if (!member.stores() || gone.contains(member.id)) continue;
      const auto zone = zone_numbers.emplace(member.zone, zone_numbers.size()).first->second;
      members.push_back(&member);
      storers.push_back({member.weight, zone});
    }
    zones = zone_numbers.size();
  }
  [[nodiscard]] std::size_t size() const { return members.size(); }
  [[nodiscard]] std::size_t find(NodeId id) const {
    const auto at =
        std::lower_bound(members.begin(), members.end(), id,
                         [](const Member* member, const NodeId& value) { return member->id < value; });
    return at != members.end() && (*at)->id == id ? static_cast<std::size_t>(at - members.begin()) : none;
  }
};

}  // namespace gridmail
