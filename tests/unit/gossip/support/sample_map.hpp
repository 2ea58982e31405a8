// Nodes and maps for tests.
#pragma once
#include <functional>
#include <string>

#include "gossip/placement/planner.hpp"
#include "gossip/register/map.hpp"

namespace gridmail::test {

/// Node ids that sort like their numbers.
inline NodeId node(unsigned number) {
  NodeId id;
  id.value[0] = static_cast<char>(number >> 8);
  id.value[1] = static_cast<char>(number);
  // The rest looks random, as hashes do.
  const Bytes rest = blake2b(std::to_string(number), 16);
  for (std::size_t i = 2; i < 16; ++i) id.value[i] = rest[i];
  return id;
}

inline Member member(unsigned number, std::string zone = "a", std::uint32_t weight = 100) {
  Member m;
  m.id = node(number);
  m.public_key = Bytes(32, 'k');
  m.name = "n" + std::to_string(number);
  m.addresses = {m.name + ":7000"};
  m.zone = std::move(zone);
  m.weight = weight;
  return m;
}

/// Node 1 alone.
inline Map single(std::uint32_t slots = 16) {
  return create_map(member(1), slots, Bytes(16, 'g'), {});
}

inline Map with_member(const Map& map, Member m) {
  MapChange change;
  change.members.push_back({std::move(m)});
  return apply(map, change);
}

/// Carries a plan out at once: the targets are in sync, the primaries are primary.
inline void carry_out(Map& map, const std::vector<NodeSet>& targets, const std::vector<NodeId>& primaries) {
  for (std::size_t i = 0; i < map.rows.size(); ++i) {
    map.rows[i].in_sync = targets[i];
    map.rows[i].joining.clear();
    map.rows[i].primary = primaries[i];
  }
}

/// `make` gives the members 1 to `members`; every slot has the copies and the primary that are planned for
/// it.
inline Map settled(
    unsigned members, const std::function<Member(unsigned)>& make = [](unsigned i) { return member(i); }) {
  Map map = create_map(make(1), 59, Bytes(16, 'g'), {});
  for (unsigned i = 2; i <= members; ++i) map = with_member(map, make(i));
  const auto plan = plan_placement(map, {});
  carry_out(map, plan.copies, plan.primaries);
  return map;
}

}  // namespace gridmail::test
