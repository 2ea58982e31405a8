// What slots' loads are known to be, and what plans are made of it.
#include "storage/replication/load_book.hpp"

#include <doctest/doctest.h>

#include "storage/replication/plan_keeper.hpp"

namespace gridmail {
namespace {

using namespace std::chrono_literals;

NodeId node(char name) {
  NodeId id;
  id.value.fill(name);
  return id;
}
const NodeId a = node('a'), b = node('b'), c = node('c');

/// Three members, eight slots and the directory, all of them a's, with copies on a and b.
Map three() {
  Map map;
  map.version = 1;
  for (const auto& id : {a, b, c}) {
    Member member;
    member.id = id;
    member.name = id.brief();
    map.members.push_back(std::move(member));
  }
  SlotRow row;
  row.epoch = 1;
  row.primary = a;
  row.in_sync = {a, b};
  row.paired = true;
  map.rows.assign(9, row);
  return map;
}

SignsOfLife all_alive() {
  SignsOfLife signs(1s, 2500ms, 10s);
  for (const auto& id : {a, b, c}) signs.note(id, 0s);
  return signs;
}

const auto nobody = [] { return NodeSet{}; };

}  // namespace

TEST_CASE("a steady stream is measured as what it is") {
  LoadBook book;
  const Map map = three();
  TimePoint now{10s};
  (void)book.report(map, a, {}, now, 0);
  for (int i = 0; i < 6000; ++i) {
    now = now + 100ms;
    book.note(3, 2, now);
  }
  const auto loads = book.loads(map, a, now);
  CHECK(loads[3] == doctest::Approx(20).epsilon(0.02));
  CHECK(loads[2] == 0);
  CHECK(book.loads(map, a, now + 120s)[3] == doctest::Approx(20 * 0.135).epsilon(0.05));
}

TEST_CASE("all know what the primary tells, and a new primary goes on from it") {
  LoadBook of_a, of_b;
  Map map = three();
  TimePoint now{10s};
  (void)of_a.report(map, a, {}, now, 0);
  for (int i = 0; i < 600; ++i) of_a.note(5, 10, now);
  const DiskState disk{7000, 9000, 1, 20ms, 3'000'000};
  of_b.on_report(a, of_a.report(map, a, disk, now, 5'000'000), now);
  const double told = of_b.loads(map, b, now)[5];
  CHECK(told == doctest::Approx(100));
  CHECK(of_b.disks().at(a) == disk);
  CHECK(of_b.heard().at(a).at == now);
  CHECK(of_b.heard().at(a).wall == 5'000'000);
  map.rows[5].primary = b;
  const auto report = of_b.report(map, b, {}, now, 0);
  CHECK(of_b.loads(map, b, now)[5] == doctest::Approx(100));
  (void)of_a.report(map, a, {}, now, 0);
  of_a.on_report(b, report, now);
  CHECK(of_a.loads(map, a, now)[5] == doctest::Approx(100));
}

TEST_CASE("a report that cannot be is left out") {
  LoadBook book;
  book.on_report(b, "not a record", TimePoint{1s});
  const Map map = three();
  for (const double load : book.loads(map, a, TimePoint{1s})) CHECK(load == 0);
}

TEST_CASE("a plan is made anew only when something it goes by has changed") {
  LoadBook book;
  PlanKeeper keeper(a, book, {});
  auto map = std::make_shared<const Map>(three());
  TimePoint now{100s};
  const auto first = keeper.renew(map, all_alive(), nobody, now);
  CHECK(keeper.renew(map, all_alive(), nobody, now + 40s) == first);
  Map next = *map;
  ++next.version;
  CHECK(keeper.renew(std::make_shared<const Map>(next), all_alive(), nobody, now + 42s) != first);
}

TEST_CASE("a node that was silent is given no primaries until it has been back for a while") {
  LoadBook book;
  PlanKeeper keeper(a, book, {});
  const auto map = std::make_shared<const Map>(three());
  const auto primaries_of = [](const PlanKeeper::PlanPtr& plan, NodeId id) {
    return std::count(plan->placement.primaries.begin(), plan->placement.primaries.end(), id);
  };
  TimePoint now{100s};
  CHECK(primaries_of(keeper.renew(map, all_alive(), nobody, now), b) > 0);
  auto silent = all_alive();
  silent.note(b, 5s);
  CHECK(primaries_of(keeper.renew(map, silent, nobody, now + 2s), b) == 0);
  CHECK(primaries_of(keeper.renew(map, all_alive(), nobody, now + 5s), b) == 0);
  CHECK(primaries_of(keeper.renew(map, all_alive(), nobody, now + 15s), b) > 0);
}

TEST_CASE("a node whose disk was full counts as full for a while") {
  LoadBook book;
  PlanKeeper keeper(a, book, {});
  const auto map = std::make_shared<const Map>(three());
  auto full = all_alive();
  full.note_full(c);
  TimePoint now{100s};
  CHECK(keeper.renew(map, all_alive(), nobody, now)->hints.full.empty());
  (void)keeper.renew(map, full, nobody, now + 100ms);  // in between two plans
  CHECK(keeper.renew(map, all_alive(), nobody, now + 2s)->hints.full == NodeSet{c});
  CHECK(keeper.renew(map, all_alive(), nobody, now + 9min)->hints.full == NodeSet{c});
  CHECK(keeper.renew(map, all_alive(), nobody, now + 11min)->hints.full.empty());
}

TEST_CASE("a dead node keeps its share of the copies until it has been dead for long") {
  LoadBook book;
  PlanKeeper keeper(a, book, {});
  Map settled = three();
  const auto plan = plan_placement(settled, {});
  for (std::size_t i = 0; i < settled.rows.size(); ++i) {
    settled.rows[i].in_sync = plan.copies[i];
    settled.rows[i].primary = plan.primaries[i];
  }
  const auto map = std::make_shared<const Map>(std::move(settled));
  const auto copies_of = [](const PlanKeeper::PlanPtr& plan, NodeId id) {
    return std::count_if(plan->placement.copies.begin(), plan->placement.copies.end(),
                         [&](const NodeSet& set) { return set.contains(id); });
  };
  auto silent = all_alive();
  silent.note(c, 60s);
  TimePoint now{100s};
  CHECK(copies_of(keeper.renew(map, silent, nobody, now), c) == 6);
  const auto c_is_dead = [] { return NodeSet{c}; };
  CHECK(copies_of(keeper.renew(map, silent, c_is_dead, now + 2s), c) == 0);
  // Gossip may err: whoever gives leases lives.
  CHECK(copies_of(keeper.renew(map, all_alive(), c_is_dead, now + 4s), c) == 6);
}

}  // namespace gridmail
