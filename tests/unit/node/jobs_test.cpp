// Jobs as the map shows them, their progress, and what is refused before it begins.
#include "node/jobs.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "gossip/placement/planner.hpp"
#include "node/job_board.hpp"
#include "node/movement_check.hpp"
#include "tests/unit/gossip/support/sample_map.hpp"

namespace gridmail {
namespace {

using namespace std::chrono_literals;
using test::member;
using test::node;
using test::settled;

const auto everybody = [](NodeId) { return true; };

std::vector<Job> jobs(const Map& map, const std::function<bool(NodeId)>& is_alive = everybody) {
  return jobs_of(map, plan_copies(map), is_alive);
}

const Job* find(const std::vector<Job>& all, std::string_view id) {
  for (const auto& job : all) {
    if (job.id == id) return &job;
  }
  return nullptr;
}

std::size_t held(const Map& map, NodeId id) {
  return static_cast<std::size_t>(
      std::count_if(map.rows.begin(), map.rows.end(), [&](const SlotRow& row) { return row.holds(id); }));
}

}  // namespace

TEST_CASE("a grid at rest has no jobs") {
  CHECK(jobs(settled(4)).empty());
}

TEST_CASE("a member that leaves is a job until it has been removed, whoever is asked") {
  Map map = settled(4);
  map.members[1].state = MemberState::leaving;
  auto all = jobs(map);
  const auto* job = find(all, "remove-n2");
  REQUIRE(job != nullptr);
  CHECK(job->slots_left == held(map, node(2)));
  CHECK(job->run_by.size() >= 3);
  map.members[1].paused = true;
  all = jobs(map);
  CHECK(find(all, "remove-n2")->paused);
  map.members[1].successor = node(4);
  all = jobs(map);
  CHECK(find(all, "replace-n2") != nullptr);
  const auto plan = plan_copies(map);
  test::carry_out(map, plan, plan_primaries(map, plan));
  all = jobs(map);
  REQUIRE(find(all, "replace-n2") != nullptr);
  CHECK(find(all, "replace-n2")->slots_left == 0);
}

TEST_CASE("a member that leaves waits for a node that its copies can go to") {
  Map map = settled(3);
  map.members[0].state = MemberState::leaving;
  CHECK(find(jobs(map), "remove-n1")->waits_for.empty());
  const auto third_is_silent = [](NodeId id) { return id != node(3); };
  CHECK(find(jobs(map, third_is_silent), "remove-n1")->waits_for == "a node that can hold another copy");
  SUBCASE("which is there for every copy that is being made") {
    for (auto& row : map.rows) {
      if (row.holds(node(1)) && !row.holds(node(3))) row.joining.insert(node(3));
      if (row.holds(node(1)) && !row.holds(node(2))) row.joining.insert(node(2));
    }
    CHECK(find(jobs(map, third_is_silent), "remove-n1")->waits_for.empty());
  }
  SUBCASE("a pause is what it waits for") {
    map.members[0].paused = true;
    CHECK(find(jobs(map, third_is_silent), "remove-n1")->waits_for.empty());
  }
}

TEST_CASE("a node away by plan is drained once its vote is another's, where another can have it") {
  Map map = settled(2);
  REQUIRE(map.voters == NodeSet{node(1)});
  map.members[0].maintenance_until = 1000;
  for (auto& row : map.rows) row.primary = node(2);
  auto all = jobs(map);
  REQUIRE(find(all, "drain-n1") != nullptr);
  CHECK(find(all, "drain-n1")->waits_for == "another node to vote in its place");
  CHECK(find(jobs(map, [](NodeId id) { return id == node(1); }), "drain-n1") == nullptr);
  map.voters = {node(2)};
  map.voters_before = {node(1)};
  all = jobs(map);
  CHECK(find(all, "drain-n1") != nullptr);  // nothing is agreed without it yet
  map.voters_before.clear();
  all = jobs(map);
  CHECK(find(all, "drain-n1") == nullptr);
}

TEST_CASE("draining lasts while the node is primary of anything") {
  Map map = settled(3);
  map.members[0].state = MemberState::draining;
  const auto primaries = static_cast<std::size_t>(std::count_if(
      map.rows.begin(), map.rows.end(), [](const SlotRow& row) { return row.primary == node(1); }));
  auto all = jobs(map);
  REQUIRE(find(all, "drain-n1") != nullptr);
  CHECK(find(all, "drain-n1")->slots_left == primaries);
  const auto plan = plan_placement(map, {});
  test::carry_out(map, plan.copies, plan.primaries);
  CHECK(jobs(map).empty());
}

TEST_CASE("a lost copy is rebuilt, and waits while its node is away by plan") {
  Map map = settled(4);
  auto& row = map.rows[0];
  const NodeId lost = *row.others().begin();
  const std::string name = map.member(lost)->name;
  row.in_sync.erase(lost);
  row.retired.insert(lost);
  auto all = jobs(map);
  REQUIRE(find(all, "rebuild-" + name) != nullptr);
  CHECK(find(all, "rebuild-" + name)->slots_left == 1);
  CHECK(find(all, "rebuild-" + name)->waits_for == "a node that can hold another copy");
  for (unsigned i = 1; i <= 4 && row.joining.empty(); ++i) {
    if (!row.in_sync.contains(node(i)) && node(i) != lost) row.joining.insert(node(i));
  }
  all = jobs(map);
  CHECK(find(all, "rebuild-" + name)->waits_for.empty());
  for (auto& m : map.members) {
    if (m.id == lost) m.maintenance_until = 1000;
  }
  all = jobs(map);
  CHECK_FALSE(find(all, "rebuild-" + name)->waits_for.empty());
}

TEST_CASE("a job names the nodes on whose disks it waits for room") {
  Map map = settled(4);
  const auto jobs_with_full = [&map](const NodeSet& full) {
    return jobs_of(map, plan_copies(map), everybody, [&full](NodeId id) { return full.contains(id); });
  };
  SUBCASE("to fill copies that join") {
    for (auto& row : map.rows) {
      if (!row.holds(node(4))) continue;
      row.in_sync.erase(node(4));
      row.retired.insert(node(4));
      if (row.primary == node(4)) row.primary = *row.in_sync.begin();
      for (const auto& other : {node(1), node(2), node(3)}) {
        if (!row.holds(other) && row.joining.empty()) row.joining.insert(other);
      }
    }
    auto all = jobs_with_full({});
    REQUIRE(find(all, "rebuild-n4") != nullptr);
    CHECK(find(all, "rebuild-n4")->waits_for.empty());
    all = jobs_with_full({node(1), node(2)});
    CHECK(find(all, "rebuild-n4")->waits_for == "room on the disk of n1, n2");
    map.members[3].paused = true;
    all = jobs_with_full({node(1)});
    CHECK(find(all, "rebuild-n4")->waits_for.empty());
  }
  SUBCASE("to take the place of copies that leave") {
    map.members[0].state = MemberState::leaving;
    auto all = jobs_with_full({node(2)});
    CHECK(find(all, "remove-n1")->waits_for.empty());
    all = jobs_with_full({node(2), node(3), node(4)});
    CHECK(find(all, "remove-n1")->waits_for.find("room on the disk of n2, n3, n4") == 0);
  }
}

TEST_CASE("a new member is balance, and a paused balance stays listed to be resumed") {
  Map map = test::with_member(settled(3), member(4));
  auto all = jobs(map);
  REQUIRE(find(all, "balance") != nullptr);
  CHECK(find(all, "balance")->slots_left > 20);
  map = settled(3);
  map.settings.balance_paused = true;
  all = jobs(map);
  REQUIRE(find(all, "balance") != nullptr);
  CHECK(find(all, "balance")->paused);
}

TEST_CASE("more copies than there were is a job of its own") {
  Map map = settled(3);
  map.settings.copies = 1;
  auto plan = plan_placement(map, {});
  test::carry_out(map, plan.copies, plan.primaries);
  map.settings.copies = 2;
  const auto all = jobs(map);
  REQUIRE(find(all, "copies") != nullptr);
  CHECK(find(all, "copies")->slots_left == map.rows.size());
}

TEST_CASE("progress counts from the most that was left, and the estimate from the last minute") {
  JobBoard board;
  Job job;
  job.kind = JobKind::remove;
  job.id = "remove-n2";
  job.slots_left = 100;
  TimePoint now{100s};
  board.look({job}, now, 1'000'000);
  CHECK_FALSE(board.rows(now)[0].seconds_left);
  for (int i = 0; i < 20; ++i) {
    now = now + 1s;
    job.slots_left -= 2;
    board.look({job}, now, 2'000'000);
  }
  auto rows = board.rows(now);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].slots_total == 100);
  CHECK(rows[0].slots_done == 40);
  CHECK(rows[0].begun == 1'000'000);
  CHECK(rows[0].seconds_left == 30);
  job.paused = true;
  board.look({job}, now, 3'000'000);
  rows = board.rows(now);
  CHECK(rows[0].state == api::JobState::paused);
  CHECK_FALSE(rows[0].seconds_left);
  board.look({}, now, 9'000'000);
  rows = board.rows(now);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].state == api::JobState::done);
  CHECK(rows[0].slots_done == 100);
  CHECK(rows[0].ended == 9'000'000);
}

TEST_CASE("a change is refused where nodes, zones or space would not do") {
  const auto zoned = [](unsigned i) { return member(i, i <= 2 ? "a" : "b"); };
  const Map map = settled(3, zoned);
  const auto with = [&](unsigned number, auto change) {
    Map after = map;
    change(after.members[number - 1]);
    return after;
  };
  const auto leave = [](Member& m) { m.state = MemberState::leaving; };
  SUBCASE("nodes") {
    Map two = settled(2);
    Map after = two;
    leave(after.members[0]);
    const auto refused = check_copies_fit(two, after, {}, everybody);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.starts_with("too few nodes"));
    after = two;
    after.members[0].weight = 0;
    CHECK_FALSE(check_copies_fit(two, after, {}, everybody));
  }
  SUBCASE("living nodes") {
    const Map four = settled(4);
    Map after = four;
    leave(after.members[0]);
    const auto two_silent = [](NodeId id) { return id == node(1) || id == node(2); };
    const auto refused = check_copies_fit(four, after, {}, two_silent);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.starts_with("too few living nodes: 1 "));
    CHECK(check_copies_fit(four, after, {}, [](NodeId id) { return id != node(4); }));
    after = four;
    leave(after.members[3]);  // of whom nothing is heard: no fewer live without it
    CHECK(check_copies_fit(four, after, {}, two_silent));
  }
  SUBCASE("zones") {
    const auto refused = check_copies_fit(map, with(3, leave), {}, everybody);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.starts_with("too few zones"));
    CHECK(check_copies_fit(map, with(1, leave), {}, everybody));
    CHECK_FALSE(check_copies_fit(map, with(3, [](Member& m) { m.zone = "a"; }), {}, everybody));
  }
  SUBCASE("space") {
    DiskFiguresByNode disks;
    for (unsigned i = 1; i <= 3; ++i) disks[node(i)] = {1'000'000'000, 10'000'000'000};
    CHECK(check_copies_fit(map, with(1, leave), disks, everybody));
    disks[node(2)].free_bytes = 1'000'000;
    const auto refused = check_copies_fit(map, with(1, leave), disks, everybody);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.starts_with("no space: n2"));
  }
}

TEST_CASE("what a change of the members sets moving is counted before it is made") {
  const Map map = settled(4);
  const auto primaries = static_cast<std::size_t>(std::count_if(
      map.rows.begin(), map.rows.end(), [](const SlotRow& row) { return row.primary == node(1); }));
  REQUIRE(primaries > 0);
  Map after = map;
  CHECK(text_of(changes_between(map, after, {})).empty());
  after.members[0].state = MemberState::draining;
  const auto drained = changes_between(map, after, {});
  CHECK(drained.primaries == primaries);
  CHECK(drained.made == 0);
  after.members[0].state = MemberState::leaving;
  DiskFiguresByNode disks;
  disks[node(1)] = {1'000'000'000, 10'000'000'000};
  const auto left = changes_between(map, after, disks);
  CHECK(left.primaries == primaries);
  CHECK(left.made == held(map, node(1)));
  CHECK(left.bytes == doctest::Approx(1'000'000'000));
  CHECK(text_of(left).at(1) == fmt::format("{} copies are made on other nodes, about 1.0 GB", left.made));
  after = map;
  after.settings.copies = 1;
  CHECK(changes_between(map, after, {}).dropped == map.rows.size());
}

TEST_CASE("draining needs somebody to be primary instead") {
  Map map = settled(2);
  CHECK(check_drain(map, node(1), everybody));
  CHECK_FALSE(check_drain(map, node(1), [](NodeId id) { return id == node(1); }));
  map.members[1].state = MemberState::draining;
  CHECK_FALSE(check_drain(map, node(1), everybody));
  map.members[1].state = MemberState::active;
  map.settings.copies = 1;
  CHECK_FALSE(check_drain(map, node(1), everybody));
}

TEST_CASE("maintenance needs a majority of those who vote without the node") {
  const auto all_but = [](unsigned silent) { return [silent](NodeId id) { return id != node(silent); }; };
  Map map = settled(2);
  CHECK(check_voters(map, node(1), everybody));  // the other one takes its vote
  CHECK(check_voters(map, node(2), everybody));
  CHECK_FALSE(check_voters(map, node(1), all_but(2)));
  map = settled(3);
  map.members[2].weight = 0;
  map.voters = {node(1), node(2), node(3)};
  CHECK(check_voters(map, node(2), everybody));
  CHECK(check_voters(map, node(3), everybody));
  const auto refused = check_voters(map, node(2), all_but(3));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text.starts_with("too few voters: 1 of 3 "));
  map = test::with_member(map, member(4));
  CHECK(check_voters(map, node(2), all_but(3)));  // the fourth votes instead
}

}  // namespace gridmail
