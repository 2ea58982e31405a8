// The simulated ports themselves: clocks that are wrong, disks that fail in the middle.
#include <doctest/doctest.h>

#include "node/base/random.hpp"
#include "tests/simulator/sim_clock.hpp"
#include "tests/support/memory_store.hpp"

namespace gridmail::sim {
namespace {

using namespace std::chrono_literals;

Batch one_write(const char* key) {
  Batch batch;
  batch.put(Family::meta, key, "value");
  return batch;
}

struct Disk {
  test::VirtualClock clock;
  SeededRandom random{1};
  test::MemoryStore store;
  std::size_t answered = 0;
  std::size_t failed = 0;

  explicit Disk(test::MemoryStore::Options options = {}) : store(clock, random, std::move(options)) {}
  void commit(const char* key) {
    store.commit(one_write(key), [this](Result<void> done) { ++(done ? answered : failed); });
  }
  void let_pass(Duration duration) {
    const auto end = clock.now() + duration;
    while (clock.next_alarm() <= end) clock.ring_next();
    clock.set_now(end);
  }
  [[nodiscard]] std::size_t kept() const { return store.contents(Family::meta).size(); }
};

TEST_CASE("a clock that is too slow rings when it shows the time asked for, not before") {
  for (const double rate : {0.98, 1.0, 1.0173}) {
    test::VirtualClock world;
    bool awake = false;
    SimClock clock(world, 77s, rate, awake);
    CHECK(clock.now().since_boot == 77s);
    const TimePoint when = clock.now() + 3s;
    bool early = false;
    const auto alarm = clock.call_at(when, [&] { early = clock.now() < when; });
    world.ring_next();
    CHECK(awake);
    CHECK_FALSE(early);
    CHECK(clock.now() - when < 1us);
  }
}

TEST_CASE("a wall clock that jumps leaves the boot clock alone") {
  test::VirtualClock world;
  bool awake = false;
  SimClock clock(world, 5s, 1.0, awake);
  const auto before = clock.wall();
  clock.jump_wall(-3'600'000'000);
  CHECK(clock.wall() == before - 3'600'000'000);
  CHECK(clock.now().since_boot == 5s);
}

TEST_CASE("at its n-th commit a node crashes: nothing more is written or answered") {
  Disk disk;
  bool crashed = false;
  disk.store.crash_at(3, [&] { crashed = true; });
  disk.commit("a");
  disk.let_pass(1s);
  disk.commit("b");
  CHECK_FALSE(crashed);
  disk.commit("c");
  CHECK(crashed);
  CHECK(disk.store.has_crashed());
  disk.commit("d");
  disk.let_pass(1s);
  CHECK(disk.answered == 1);
  CHECK(disk.kept() == 1);
  disk.store.crash();
  CHECK(disk.kept() <= 3);  // a beginning of what was not synced, and never what came after the crash
  CHECK_FALSE(disk.store.contents(Family::meta).contains("d"));
  disk.commit("e");
  disk.let_pass(1s);
  CHECK(disk.answered == 2);
}

TEST_CASE("a disk that failed says so until it is repaired and the node starts anew") {
  Disk disk;
  disk.store.fail_with(Errc::io);
  disk.commit("a");
  disk.let_pass(1s);
  CHECK(disk.failed == 1);
  CHECK(disk.kept() == 0);
  disk.store.repair();
  disk.commit("b");
  disk.let_pass(1s);
  CHECK(disk.failed == 2);
  disk.store.crash();
  disk.commit("c");
  disk.let_pass(1s);
  CHECK(disk.answered == 1);
  CHECK(disk.kept() == 1);
}

TEST_CASE("a full disk takes what is small, and ends the node that writes bodies to it") {
  Disk disk({.full_bytes_max = 100});
  std::size_t ended = 0;
  disk.store.on_failure([&](const Error& error) {
    CHECK(error.code == Errc::no_space);
    ++ended;
  });
  const auto write = [&](Family family, const char* key) {
    Batch batch;
    batch.put(family, key, Bytes(60, 'x'));
    disk.store.commit(std::move(batch), [](Result<void>) {});
    disk.let_pass(1s);
  };
  for (const auto* key : {"a", "b", "c"}) write(Family::body, key);
  CHECK(ended == 0);
  disk.store.fill(true);
  for (const auto* key : {"a", "b", "c"}) write(Family::meta, key);
  CHECK_FALSE(disk.store.is_very_full());
  write(Family::node, "intake/c/1");
  CHECK(disk.store.is_very_full());
  CHECK(ended == 0);
  write(Family::body, "d");
  CHECK(ended == 1);
  CHECK_FALSE(disk.store.contents(Family::body).contains("d"));
}

TEST_CASE("an image of a disk brings back what was there then") {
  Disk disk;
  disk.commit("a");
  disk.let_pass(1s);
  const auto image = disk.store.image();
  disk.commit("b");
  disk.let_pass(1s);
  CHECK(disk.kept() == 2);
  disk.store.restore(image);
  CHECK(disk.kept() == 1);
  disk.commit("c");
  disk.let_pass(1s);
  disk.store.restore(image);
  CHECK(disk.kept() == 1);
}

TEST_CASE("disks that lie lose what they were told to lose, or answer too early") {
  Disk loses({.loses = [](Family, const Bytes& key) { return key == "b"; }});
  loses.commit("a");
  loses.commit("b");
  loses.let_pass(1s);
  CHECK(loses.answered == 2);
  CHECK(loses.kept() == 1);

  Disk hasty({.sync_min = 10ms, .sync_max = 10ms, .answers_early = true});
  hasty.commit("a");
  hasty.let_pass(1ms);
  CHECK(hasty.answered == 1);
  CHECK(hasty.kept() == 0);
}

}  // namespace
}  // namespace gridmail::sim
