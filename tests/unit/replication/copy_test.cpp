// One copy of a slot on a disk in memory: what it takes, takes back, fills in, and finds again after a
// restart.
#include "storage/replication/copy.hpp"

#include <doctest/doctest.h>

#include "tests/support/memory_store.hpp"
#include "tests/support/run_task.hpp"

namespace gridmail {
namespace {

constexpr SlotId slot = 3;

NodeId node(char name) {
  NodeId id;
  id.value.fill(name);
  return id;
}
Bytes key(char name) {
  return slot_key(slot, 'x', Bytes(1, name));
}

struct Disk {
  test::VirtualClock clock;
  SeededRandom random{1};
  test::MemoryStore store{clock, random};

  void write(Batch batch) {
    bool done = false;
    store.commit(std::move(batch), [&](const Result<void>& result) { done = result.has_value(); });
    while (!done) clock.ring_next();
  }
  Copy load() {
    Copy copy(slot);
    REQUIRE(test::run_task(copy.load(store)));
    return copy;
  }
  std::string value(char name) {
    const auto& all = store.contents(Family::meta);
    const auto found = all.find(key(name));
    return found == all.end() ? "-" : found->second;
  }
  std::size_t undo_records() {
    const auto& all = store.contents(Family::log);
    return static_cast<std::size_t>(
        std::distance(all.lower_bound(undo_key(slot, 0)), all.lower_bound(undo_key(slot, UINT64_MAX))));
  }
};

PlacedOperation entry(Position at, char name, std::optional<Bytes> value,
                      std::optional<Bytes> old = std::nullopt) {
  return {at, {{Family::meta, key(name), std::move(value), std::move(old), false}}};
}

/// What primary 'P' says in an opening: its log up to `tail`, of which everything after `commit` is sent.
Copy::Opening opening(Epoch epoch, Position commit, History history,
                      std::vector<PlacedOperation> entries = {}) {
  const Position tail = entries.empty() ? commit : entries.back().at;
  return {epoch, node('P'), 1, commit, tail, 0, std::move(history), std::move(entries), true};
}

/// In sync in epoch 1, with entries 1 and 2, of which the first is known to be committed.
Copy two_entries(Disk& disk) {
  Copy copy(slot);
  copy.found();
  disk.write(copy.open(opening(1, {}, {{1, 1}})).batch);
  disk.write(copy.append(entry({1, 1}, 'a', "one"), true));
  copy.set_commit({1, 1});
  disk.write(copy.append(entry({1, 2}, 'a', "two", "one"), true));
  return copy;
}

}  // namespace

TEST_CASE("a history contains the positions of its epochs, and no others") {
  const History history{{1, 1}, {4, 10}, {6, 12}};
  const Position last{6, 20};
  CHECK(contains(history, last, {}));
  CHECK(contains(history, last, {1, 9}));
  CHECK_FALSE(contains(history, last, {1, 10}));
  CHECK(contains(history, last, {4, 11}));
  CHECK_FALSE(contains(history, last, {3, 8}));
  CHECK(contains(history, last, {6, 20}));
  CHECK_FALSE(contains(history, last, {6, 21}));
}

TEST_CASE("a copy takes back exactly the tail that the new primary lacks") {
  Disk disk;
  auto copy = two_entries(disk);
  CHECK(disk.value('a') == "two");
  auto step = copy.open(opening(2, {1, 1}, {{1, 1}, {2, 2}}));
  REQUIRE(step.ok);
  disk.write(std::move(step.batch));
  CHECK(disk.value('a') == "one");
  CHECK(copy.position() == Position{1, 1});
  CHECK(copy.whole());
  CHECK(disk.load().position() == Position{1, 1});
}

TEST_CASE("a copy keeps the tail that the new primary has, and gets what it lacks") {
  Disk disk;
  auto copy = two_entries(disk);
  auto step = copy.open(
      opening(2, {1, 1}, {{1, 1}, {2, 4}}, {entry({1, 2}, 'a', "two", "one"), entry({1, 3}, 'b', "three")}));
  REQUIRE(step.ok);
  disk.write(std::move(step.batch));
  CHECK(disk.value('a') == "two");
  CHECK(disk.value('b') == "three");
  CHECK(copy.position() == Position{1, 3});
}

TEST_CASE("a copy refuses to take back what it knows to be committed") {
  Disk disk;
  auto copy = two_entries(disk);
  copy.set_commit({1, 2});
  const auto step = copy.open(opening(2, {1, 1}, {{1, 1}, {2, 2}}));
  CHECK_FALSE(step.ok);
  CHECK(copy.position() == Position{1, 2});
}

TEST_CASE("a copy in sync refuses to be left with a gap") {
  Disk disk;
  auto copy = two_entries(disk);
  CHECK_FALSE(copy.open(opening(2, {1, 5}, {{1, 1}, {2, 6}})).ok);
}

TEST_CASE("an opening without the primary's whole tail is refused") {
  Disk disk;
  auto copy = two_entries(disk);
  CHECK_FALSE(copy.open(opening(2, {1, 1}, {{1, 1}, {2, 4}}, {entry({1, 3}, 'b', "three")})).ok);
}

TEST_CASE("a tail can be taken back after a restart, too") {
  Disk disk;
  two_entries(disk);
  auto copy = disk.load();
  CHECK(copy.position() == Position{1, 2});
  CHECK(copy.commit() < copy.position());
  REQUIRE(copy.tail().size() == 1);
  CHECK(copy.tail().front().writes.front().value == Bytes("two"));
  CHECK(copy.tail().front().writes.front().old == Bytes("one"));
  auto step = copy.open(opening(2, {1, 1}, {{1, 1}, {2, 2}}));
  REQUIRE(step.ok);
  disk.write(std::move(step.batch));
  CHECK(disk.value('a') == "one");
}

TEST_CASE("undo records go once their entries are known to be committed") {
  Disk disk;
  auto copy = two_entries(disk);
  CHECK(disk.undo_records() == 1);  // the first one's went with the second entry
  copy.set_commit({1, 2});
  disk.write(copy.append(entry({1, 3}, 'b', "three"), true));
  CHECK(disk.undo_records() == 1);
}

TEST_CASE("a blank copy that joins fills its gap, and keeps what was written meanwhile") {
  Disk disk;
  Copy copy(slot);
  auto joins = opening(5, {4, 7}, {{1, 1}, {4, 5}, {5, 8}});
  joins.in_sync = false;
  auto step = copy.open(std::move(joins));
  REQUIRE(step.ok);
  disk.write(std::move(step.batch));
  CHECK_FALSE(copy.whole());
  CHECK_FALSE(copy.fill().delta());
  disk.write(copy.append(entry({5, 8}, 'a', "new", "old"), true));

  replication::Fill done = copy.fill();
  done.set_done(true);
  std::vector<SlotWrite> pieces{{Family::meta, key('a'), "old", std::nullopt, false},
                                {Family::meta, key('b'), "kept", std::nullopt, false}};
  SUBCASE("at once") {}
  SUBCASE("after a restart") {
    copy = disk.load();
  }
  disk.write(copy.fill_in(std::move(pieces), std::move(done)));
  CHECK(copy.whole());
  CHECK(disk.value('a') == "new");
  CHECK(disk.value('b') == "kept");
  CHECK(disk.load().whole());
}

TEST_CASE("a copy that returns asks the log for what it missed, as far as the primary's reaches back") {
  Disk disk;
  auto copy = two_entries(disk);
  auto returns = opening(4, {3, 40}, {{1, 1}, {3, 30}, {4, 41}});
  returns.in_sync = false;
  SUBCASE("it does") {
    auto step = copy.open(std::move(returns));
    REQUIRE(step.ok);
    disk.write(std::move(step.batch));
    CHECK(copy.fill().delta());
    CHECK(copy.fill().next_sequence() == 3);
    CHECK(copy.fill().last_sequence() == 40);
    CHECK(disk.value('a') == "two");
  }
  SUBCASE("it does not") {
    returns.log_base = 20;
    auto step = copy.open(std::move(returns));
    REQUIRE(step.ok);
    disk.write(std::move(step.batch));
    CHECK_FALSE(copy.fill().delta());
    CHECK(disk.value('a') == "-");
  }
  CHECK_FALSE(copy.whole());
  CHECK(copy.position() == Position{3, 40});
}

TEST_CASE("a gap being closed by the log begins anew under a primary whose log is shorter") {
  Disk disk;
  auto copy = two_entries(disk);
  auto returns = opening(4, {3, 40}, {{1, 1}, {3, 30}, {4, 41}});
  returns.in_sync = false;
  disk.write(copy.open(std::move(returns)).batch);
  REQUIRE(copy.fill().delta());
  auto next = opening(5, {3, 40}, {{1, 1}, {3, 30}, {5, 41}});
  next.in_sync = false;
  next.log_base = 30;
  auto step = copy.open(std::move(next));
  REQUIRE(step.ok);
  CHECK_FALSE(copy.fill().delta());
  CHECK_FALSE(copy.whole());
}

/// A record of it cannot be read any more, and is left behind at the next start.
Copy lose_record(Disk& disk, char name) {
  disk.store.rot(Family::meta, key(name));
  disk.store.salvage();
  return disk.load();
}

TEST_CASE("a copy that lost records is not in sync, and joins with what it still holds") {
  Disk disk;
  auto copy = two_entries(disk);
  disk.write(copy.append(entry({1, 3}, 'b', "three"), true));
  copy = lose_record(disk, 'a');
  CHECK(copy.damaged());
  CHECK(!copy.open(opening(2, {1, 3}, {{1, 1}, {2, 4}})).ok);

  copy = disk.load();
  auto joins = opening(2, {1, 3}, {{1, 1}, {2, 4}});
  joins.in_sync = false;
  disk.write(copy.open(std::move(joins)).batch);
  CHECK(copy.whole());
  CHECK(copy.damaged());
  CHECK(disk.value('b') == "three");
  CHECK(disk.load().damaged());

  disk.write(copy.mended());
  CHECK(!copy.damaged());
  CHECK(!disk.load().damaged());
}

TEST_CASE("a copy that lost records and cannot catch up by the log begins with nothing") {
  Disk disk;
  auto copy = two_entries(disk);
  disk.write(copy.append(entry({1, 3}, 'b', "three"), true));
  copy = lose_record(disk, 'a');
  auto joins = opening(2, {1, 30}, {{1, 1}, {2, 31}});
  joins.in_sync = false;
  joins.log_base = 20;
  disk.write(copy.open(std::move(joins)).batch);
  CHECK(!copy.whole());
  CHECK(!copy.damaged());
  CHECK(disk.value('b') == "-");
  CHECK(!disk.load().damaged());
}

TEST_CASE("what no other copy has stays named, and the copy counts without it, until more is lost") {
  Disk disk;
  auto copy = two_entries(disk);
  copy = lose_record(disk, 'a');
  disk.write(copy.settle());
  CHECK(!copy.damaged());
  CHECK(copy.lacks_records());
  copy = disk.load();
  CHECK(!copy.damaged());
  CHECK(copy.lacks_records());

  disk.write(copy.append(entry({1, 3}, 'b', "three"), true));
  copy = lose_record(disk, 'b');
  CHECK(copy.damaged());
}

TEST_CASE("a copy that lost records makes nobody give way") {
  Disk disk;
  auto copy = two_entries(disk);
  copy.set_commit({1, 2});
  disk.write(copy.append(entry({1, 3}, 'b', "three"), true));
  copy = lose_record(disk, 'a');
  auto joins = opening(2, {1, 1}, {{1, 1}, {2, 2}});
  joins.in_sync = false;
  const auto step = copy.open(std::move(joins));
  CHECK(step.ok);
  CHECK(!step.ahead);
}

TEST_CASE("epochs without entries leave no trace in the history") {
  Copy copy(slot);
  copy.found();
  for (Epoch epoch = 1; epoch <= 500; ++epoch) (void)copy.open_as_primary(epoch, node('P'));
  CHECK(copy.history() == History{{500, 1}});
  (void)copy.append(entry({500, 1}, 'a', "one"), false);
  for (Epoch epoch = 501; epoch <= 900; ++epoch) (void)copy.open_as_primary(epoch, node('P'));
  CHECK(copy.history() == History{{500, 1}, {900, 2}});
}

TEST_CASE("a log is cut to what is to be kept, and found again after a restart") {
  Disk disk;
  Copy copy(slot);
  copy.found();
  disk.write(copy.open_as_primary(1, node('P')));
  for (Sequence sequence = 1; sequence <= 13; ++sequence) {
    disk.write(copy.append(entry({1, sequence}, 'a', std::to_string(sequence)), false));
    disk.write(copy.trim(8));
  }
  CHECK(copy.base() == Position{1, 4});  // cut whenever it is a quarter too long
  const auto again = disk.load();
  CHECK(again.base() == copy.base());
  CHECK(again.position() == Position{1, 13});
  CHECK(again.commit() == Position{1, 13});
}

TEST_CASE("a dropped copy leaves nothing on disk") {
  Disk disk;
  auto copy = two_entries(disk);
  disk.write(copy.drop());
  CHECK(copy.blank());
  CHECK(disk.store.contents(Family::meta).empty());
  CHECK(disk.store.contents(Family::log).empty());
}

}  // namespace gridmail
