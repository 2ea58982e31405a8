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

std::vector<Job> jobs(const Map& map) {
  return jobs_of(map, plan_copies(map));
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

const auto everybody = [](NodeId) { return true; };

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
    const auto refused = check_copies_fit(two, after, {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.starts_with("too few nodes"));
    after = two;
    after.members[0].weight = 0;
    CHECK_FALSE(check_copies_fit(two, after, {}));
  }
  SUBCASE("zones") {
    const auto refused = check_copies_fit(map, with(3, leave), {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.starts_with("too few zones"));
    CHECK(check_copies_fit(map, with(1, leave), {}));
    CHECK_FALSE(check_copies_fit(map, with(3, [](Member& m) { m.zone = "a"; }), {}));
  }
  SUBCASE("space") {
    DiskFiguresByNode disks;
    for (unsigned i = 1; i <= 3; ++i) disks[node(i)] = {1'000'000'000, 10'000'000'000};
    CHECK(check_copies_fit(map, with(1, leave), disks));
    disks[node(2)].free_bytes = 1'000'000;
    const auto refused = check_copies_fit(map, with(1, leave), disks);
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
  CHECK(text_of(movement_between(map, after, {})).empty());
  after.members[0].state = MemberState::draining;
  const auto drained = movement_between(map, after, {});
  CHECK(drained.primaries == primaries);
  CHECK(drained.made == 0);
  after.members[0].state = MemberState::leaving;
  DiskFiguresByNode disks;
  disks[node(1)] = {1'000'000'000, 10'000'000'000};
  const auto left = movement_between(map, after, disks);
  CHECK(left.primaries == primaries);
  CHECK(left.made == held(map, node(1)));
  CHECK(left.bytes == doctest::Approx(1'000'000'000));
  CHECK(text_of(left).at(1) == fmt::format("{} copies are made on other nodes, about 1.0 GB", left.made));
  after = map;
  after.settings.copies = 1;
  CHECK(movement_between(map, after, {}).dropped == map.rows.size());
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

}  // namespace gridmail
