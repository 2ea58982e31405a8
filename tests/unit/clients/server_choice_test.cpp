#include "node/services/clients/server_choice.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace gridmail;

namespace {

NodeId node(char which) {
  return *NodeId::from_bytes(Bytes(16, which));
}

/// Nodes a to d; slot 0 has its primary on a and a copy on b.
struct FourNodes {
  Map map;
  std::set<char> silent;
  SeededRandom random{1};

  FourNodes() {
    for (const char name : {'a', 'b', 'c', 'd'}) {
      Member member;
      member.id = node(name);
      map.members.push_back(member);
    }
    map.rows.resize(1);
    map.rows[0].primary = node('a');
    map.rows[0].in_sync = {node('a'), node('b')};
  }
  std::string order(std::optional<SlotId> slot) {
    std::string names;
    const auto is_alive = [&](NodeId id) { return !silent.contains(id.view()[0]); };
    for (const auto& id : nodes_for_client(map, slot, is_alive, random)) names += id.view()[0];
    return names;
  }
};

}  // namespace

TEST_CASE_FIXTURE(FourNodes, "the primary comes first, then the other copies") {
  CHECK(order(0).starts_with("ab"));
  silent = {'a'};
  CHECK(order(0).starts_with("b"));
  CHECK(order(0).size() == 3);
}

TEST_CASE_FIXTURE(FourNodes, "a node that is drained or in maintenance comes last") {
  map.members[0].state = MemberState::draining;
  map.members[1].maintenance_until = 1;
  const auto nodes = order(0);
  CHECK(nodes.find('a') >= 2);
  CHECK(nodes.find('b') >= 2);
  silent = {'c', 'd'};
  CHECK(order(0).size() == 2);
}

TEST_CASE_FIXTURE(FourNodes, "without a slot every node gets its share") {
  std::set<char> first;
  for (int i = 0; i < 100; ++i) first.insert(order(std::nullopt)[0]);
  CHECK(first.size() == 4);
}
