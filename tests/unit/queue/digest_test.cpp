// What waits, in short: counted right however much it is, and not counted again where nothing changed.
#include "node/base/log.hpp"
#include "storage/queue/queue_digest.hpp"
#include "tests/unit/queue/memory_grid.hpp"

using namespace gridmail;
using namespace gridmail::test;
using namespace std::chrono_literals;

namespace {

void submit(MemoryGrid& grid, const std::string& address) {
  auto incoming = MemoryGrid::message({}, "Subject: hello\r\n\r\nworld\r\n");
  incoming.recipients.push_back({UserId{}, address, address, 0, {}});
  REQUIRE(grid.run_to_end(grid.fronts.at(grid.nodes[0])->delivery.deliver(std::move(incoming))));
}

}  // namespace

TEST_CASE("the digest names how much waits, since when, and the worst destinations first") {
  set_log_level(Level::error);
  MemoryGrid grid(1);
  grid.remote.is_dead = [](const std::string&) { return true; };
  CHECK(grid.run_to_end(grid.queue.digest()).entries() == 0);
  const auto begun = grid.clock.wall();
  for (int i = 0; i < 40; ++i) submit(grid, "a@few.test");
  grid.run(10s);
  for (int i = 0; i < 1200; ++i) submit(grid, "a" + std::to_string(i) + "@many.test");
  grid.run(10s);
  auto digest = grid.run_to_end(grid.queue.digest());
  CHECK(digest.entries() == 1240);
  CHECK(digest.oldest() >= begun);
  CHECK(digest.oldest() < begun + 10'000'000);
  REQUIRE(digest.destinations_size() == 2);
  CHECK(digest.destinations(0).name() == "many.test");
  CHECK(digest.destinations(0).entries() == 1200);
  CHECK(digest.destinations(0).oldest() > digest.destinations(1).oldest());
  CHECK(!digest.destinations(0).last_reply().empty());
  CHECK(digest.destinations(1).entries() == 40);
  CHECK(digest.slots() == MemorySlots::slot_count + 1);
  CHECK(digest.held() == 0);

  const auto held = grid.queued().front().entry();
  REQUIRE(grid.run_to_end(grid.queue_client.hold(*QueueEntryId::from_bytes(held), true, {})));
  CHECK(grid.run_to_end(grid.queue.digest()).held() == 0);  // the last one, for some seconds
  grid.run(10s);
  CHECK(grid.run_to_end(grid.queue.digest()).held() == 1);
  grid.slots.open(3);  // a new primary counts anew
  grid.run(10s);
  digest = grid.run_to_end(grid.queue.digest());
  CHECK(digest.entries() == 1240);
  CHECK(digest.held() == 1);
}

TEST_CASE("digests add up; of a reply its beginning is kept, whole characters") {
  queue::Digest one;
  one.set_entries(3);
  one.set_oldest(50);
  one.set_slots(2);
  auto& a = *one.add_destinations();
  a.set_name("a.test");
  a.set_entries(1);
  a.set_attempts(1);
  a.set_last_reply("no");
  auto& b = *one.add_destinations();
  b.set_name("b.test");
  b.set_entries(2);
  queue::Digest other;
  other.set_entries(5);
  other.set_slots(1);
  auto& more = *other.add_destinations();
  more.set_name("a.test");
  more.set_entries(5);
  more.set_oldest(70);
  more.set_attempts(4);
  std::string reply = "x";
  for (int i = 0; i < 150; ++i) reply += "\xc3\xa4";
  more.set_last_reply(reply);
  DigestSum sum;
  sum.add(one);
  sum.add(other);
  const auto all = sum.worst(1);
  CHECK(all.entries() == 8);
  CHECK(all.oldest() == 50);
  CHECK(all.slots() == 3);
  REQUIRE(all.destinations_size() == 1);
  CHECK(all.destinations(0).entries() == 6);
  CHECK(all.destinations(0).oldest() == 70);
  CHECK(all.destinations(0).attempts() == 4);
  CHECK(all.destinations(0).last_reply() == reply.substr(0, 199));
}
