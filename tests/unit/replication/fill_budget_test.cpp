// Filling yields to clients, and gives way to slots with a single copy.
#include "storage/replication/fill_budget.hpp"

#include <doctest/doctest.h>

namespace gridmail {
namespace {

using namespace std::chrono_literals;

struct Scene {
  FillSettings settings;
  FillBudget budget;
  TimePoint now{100s};

  Scene() : settings{}, budget(settings) {}
  /// Clients write every 10 ms for this long, each commit taking `took`; pieces are handed out meanwhile or
  /// not. The bytes handed out.
  std::uint64_t run(Duration duration, Duration took, bool fills) {
    const auto before = budget.bytes();
    TimePoint next_piece = now;
    for (const TimePoint end = now + duration; now < end; now = now + 10ms) {
      if (took > Duration::zero()) budget.note_commit(took, now);
      while (fills && next_piece <= now) {
        const auto turn = budget.next_piece(next_piece);
        next_piece = next_piece + std::max<Duration>(turn.wait, 1ms);
        budget.handed_out(turn, turn.bytes, next_piece);
      }
    }
    return budget.bytes() - before;
  }
};

}  // namespace

TEST_CASE("without clients nothing is held back") {
  Scene scene;
  CHECK(scene.run(2s, 0s, true) > std::uint64_t{500} << 20);
}

TEST_CASE("clients that are slowed down get room, down to the least rate") {
  Scene scene;
  scene.run(5s, 5ms, false);
  scene.run(10s, 20ms, true);
  CHECK(scene.budget.rate() == doctest::Approx(scene.settings.rate_min));
  const auto bytes = scene.run(10s, 20ms, true);
  CHECK(bytes < 12'000'000);
  CHECK(bytes > 8'000'000);
}

TEST_CASE("while clients are as quick as ever the rate rises") {
  Scene scene;
  scene.run(5s, 5ms, false);
  scene.run(2s, 20ms, true);
  const double low = scene.budget.rate();
  scene.run(10s, 5ms, true);
  CHECK(scene.budget.rate() > 4 * low);
}

TEST_CASE("when clients stop, filling is as fast as the machine again") {
  Scene scene;
  scene.run(5s, 5ms, false);
  scene.run(10s, 20ms, true);
  scene.run(2s, 0s, true);
  CHECK(scene.budget.rate() == doctest::Approx(scene.settings.rate_max));
}

TEST_CASE("pieces are small while clients write") {
  Scene scene;
  CHECK(scene.budget.next_piece(scene.now).bytes == scene.settings.piece_bytes);
  scene.budget.note_commit(5ms, scene.now);
  CHECK(scene.budget.next_piece(scene.now).bytes == scene.settings.busy_piece_bytes);
}

TEST_CASE("so many slots are filled at once, those with a single copy first") {
  Scene scene;
  for (SlotId slot = 0; slot < scene.settings.slots_max; ++slot)
    REQUIRE(scene.budget.begin(slot, false, scene.now));
  CHECK_FALSE(scene.budget.begin(100, false, scene.now));
  CHECK_FALSE(scene.budget.begin(101, true, scene.now));
  scene.budget.end();
  CHECK_FALSE(scene.budget.begin(100, false, scene.now));  // 101 waits
  CHECK(scene.budget.begin(101, true, scene.now));
  scene.budget.end();
  CHECK(scene.budget.begin(100, false, scene.now));
}

TEST_CASE("a slot that waited and asks no more keeps nobody from being filled") {
  Scene scene;
  for (SlotId slot = 0; slot < scene.settings.slots_max; ++slot)
    REQUIRE(scene.budget.begin(slot, false, scene.now));
  CHECK_FALSE(scene.budget.begin(101, true, scene.now));
  scene.budget.end();
  scene.now = scene.now + 2s;
  CHECK(scene.budget.begin(100, false, scene.now));
}

}  // namespace gridmail
