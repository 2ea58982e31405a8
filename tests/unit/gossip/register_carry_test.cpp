// Why a change of voters that is found is carried through before anything is built on it: a script of five
// proposers, each of which is cut off at the worst moment. Without the rule two majorities that share nobody
// agree on two maps.
#include <doctest/doctest.h>

#include "tests/unit/gossip/support/quiet_log.hpp"
#include "tests/unit/gossip/support/register_cluster.hpp"

namespace gridmail {
namespace {

using namespace std::chrono_literals;
using test::node;
using test::RegisterCluster;
using test::RegisterViolation;

class Script {
 public:
  explicit Script(const RegisterFaults& sabotage) : grid_(1) {
    grid_.settings.sabotage = sabotage;
    grid_.settings.voter_plan_period = 1h;
    grid_.settings.round_max = 2s;
    grid_.create(10, 1);
    grid_.seems_alive = [](NodeId) { return false; };  // so that each proposes itself
  }

  void play() {
    settle_voters({node(5)});
    // Node 9 hears nothing new from here on: it goes on believing that node 5 alone votes.
    grid_.drops = [](NodeId, NodeId to, const auto& message) { return to == node(9) && message.has_push(); };
    settle_voters({node(1), node(2), node(3)});
    // A change to node 4, accepted by one of three.
    interrupted(6, voters({node(4)}), {}, {node(1)});
    // Finds it, and would end it: accepted by node 4 alone.
    interrupted(7, voters({node(4)}), {node(3)}, {node(4)});
    // Finds that, and would go on to node 5.
    interrupted(8, voters({node(5)}), {node(3)}, {node(4), node(5)});
    // Asks node 5, the only voter it knows of; what is agreed has not reached node 10 when that asks.
    grid_.drops = [](NodeId, NodeId to, const auto& message) { return to == node(10) && message.has_push(); };
    (void)grid_.propose(at(9), marked(6));
    // Asks two of the three that the grid agreed on last.
    grid_.drops = [](NodeId, NodeId to, const auto& message) {
      return to == node(1) || (to == node(10) && message.has_push());
    };
    (void)grid_.propose(at(10), marked(7));
    grid_.drops = {};
    grid_.pass(5s);
  }

 private:
  RegisterCluster::Node& at(unsigned number) { return grid_.nodes[number - 1]; }
  static MapChange voters(NodeSet set) {
    MapChange change;
    change.voters = VotersChange{std::move(set)};
    return change;
  }
  /// The first change of the only slot after the script's beginning.
  static MapChange marked(unsigned by) {
    SlotRow row;
    row.primary = node(1);
    row.in_sync = {node(1)};
    row.retired = {node(by)};
    MapChange change;
    change.slots.push_back({0, 1, row});
    return change;
  }
  void settle_voters(const NodeSet& set) {
    for (int step = 0; step < 2; ++step) REQUIRE(grid_.propose(at(1), voters(set)));
    grid_.pass(1s);
  }
  /// Its prepares do not reach `deaf`, its accepts reach `reached` only.
  void interrupted(unsigned proposer, MapChange change, const NodeSet& deaf, const NodeSet& reached) {
    grid_.drops = [=](NodeId from, NodeId to, const gossip::RegisterMessage& message) {
      if (message.has_push() || from != node(proposer)) return message.has_push();
      return (message.has_prepare() && deaf.contains(to)) || (message.has_accept() && !reached.contains(to));
    };
    (void)grid_.propose(at(proposer), std::move(change));
    grid_.crash(at(proposer));
  }

  RegisterCluster grid_;
};

TEST_CASE("a change of voters that nobody agreed on is not built upon") {
  const test::QuietLog quiet;
  CHECK_NOTHROW(Script({}).play());
}

TEST_CASE("without carrying it through two maps are chosen") {
  const test::QuietLog quiet;
  RegisterFaults sabotage;
  sabotage.no_carry = true;
  CHECK_THROWS_AS(Script(sabotage).play(), RegisterViolation);
}

}  // namespace
}  // namespace gridmail
