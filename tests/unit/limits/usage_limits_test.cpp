#include "node/services/limits/usage_limits.hpp"

#include <doctest/doctest.h>

#include "node/base/random.hpp"
#include "tests/support/manual_clock.hpp"

using namespace gridmail;
using namespace std::chrono_literals;

namespace {

const std::string outside = "192.0.2.7";
const Bytes nobody;

struct Nodes {
  explicit Nodes(const std::string& limits) {
    for (auto* node : {&a, &b, &c}) node->set(*LimitTable::parse(limits));
  }
  void gossip() {
    for (auto* from : {&a, &b, &c}) {
      const auto told = from->tell(3);
      for (auto* to : {&a, &b, &c}) {
        if (to != from && !told.empty()) to->take_told(told);
      }
    }
  }
  std::size_t takes(UsageLimits& node, Counted what, const std::string& address, const Bytes& user,
                    std::size_t tries) {
    std::size_t taken = 0;
    for (std::size_t i = 0; i < tries; ++i) taken += node.take(what, {address, user}) ? 1 : 0;
    return taken;
  }
  void pass(Duration time) {
    const auto alarm = clock.call_at(clock.now() + time, [] {});
    CHECK(clock.advance_to_next());
  }
  testing::ManualClock clock;
  UsageLimits a{clock}, b{clock}, c{clock};
};

}  // namespace

TEST_CASE("so many at once, then as time goes by") {
  Nodes grid("messages-per-address=10/10s");
  CHECK(grid.takes(grid.a, Counted::messages, outside, nobody, 20) == 10);
  CHECK(grid.takes(grid.a, Counted::messages, "192.0.2.8", nobody, 20) == 10);
  CHECK(grid.takes(grid.a, Counted::recipients, outside, nobody, 20) == 20);
  grid.pass(3s);
  CHECK(grid.takes(grid.a, Counted::messages, outside, nobody, 20) == 3);
  grid.pass(1h);
  CHECK(grid.takes(grid.a, Counted::messages, outside, nobody, 20) == 10);
}

TEST_CASE("what one node counts, the others know a moment later") {
  Nodes grid("messages-per-user=90/1h");
  const Bytes user(16, 'u');
  CHECK(grid.takes(grid.a, Counted::messages, {}, user, 40) == 40);
  grid.gossip();
  CHECK(grid.takes(grid.b, Counted::messages, {}, user, 100) == 50);
  grid.gossip();
  CHECK(grid.takes(grid.c, Counted::messages, {}, user, 100) == 0);
  CHECK(grid.takes(grid.a, Counted::messages, {}, user, 100) == 0);
  CHECK(grid.takes(grid.c, Counted::messages, {}, Bytes(16, 'v'), 100) == 90);
}

TEST_CASE("of all that is counted on many nodes no more than an eighth of the limit is not known to all") {
  Nodes grid("recipients-per-network=240/1h");
  SeededRandom random(7);
  std::size_t taken = 0;
  for (std::size_t i = 0; i < 2000; ++i) {
    auto& node = *std::array{&grid.a, &grid.b, &grid.c}[random.below(3)];
    taken += node.take(Counted::recipients, {"192.0.2." + std::to_string(random.below(200)), nobody}) ? 1 : 0;
    if (i % 5 == 0) grid.gossip();
  }
  CHECK(taken >= 240);
  CHECK(taken <= 240 + 240 / 8 + 5);
}

TEST_CASE("who does little costs no message") {
  Nodes grid("messages-per-user=480/1h");
  CHECK(grid.takes(grid.a, Counted::messages, {}, Bytes(16, 'u'), 19) == 19);
  CHECK(grid.a.tell(3).empty());
  CHECK(grid.takes(grid.a, Counted::messages, {}, Bytes(16, 'u'), 1) == 1);
  CHECK_FALSE(grid.a.tell(3).empty());
  CHECK(grid.a.tell(3).empty());
}

TEST_CASE("one IPv6 customer is one address, and loopback has no limits") {
  Nodes grid("connections-per-address=2/1m connections-per-network=3/1m");
  CHECK(grid.takes(grid.a, Counted::connections, "2001:db8:1:2::1", nobody, 5) == 2);
  CHECK(grid.takes(grid.a, Counted::connections, "2001:db8:1:2:ffff::9", nobody, 5) == 0);
  CHECK(grid.takes(grid.a, Counted::connections, "2001:db8:1:3::1", nobody, 5) == 1);
  CHECK(grid.takes(grid.a, Counted::connections, "192.0.2.1", nobody, 5) == 2);
  CHECK(grid.takes(grid.a, Counted::connections, "::ffff:192.0.2.1", nobody, 5) == 0);
  for (const auto* local : {"127.0.0.1", "::1", "::ffff:127.9.9.9", ""})
    CHECK(grid.takes(grid.a, Counted::connections, local, nobody, 50) == 50);
}

TEST_CASE("what has happened counts beyond the limit, but no longer than the limit says") {
  Nodes grid("failed-log-ins-per-address=5/10s");
  for (int i = 0; i < 100; ++i) grid.a.count(Counted::failed_log_ins, {outside, nobody});
  CHECK_FALSE(grid.a.may(Counted::failed_log_ins, {outside, nobody}));
  grid.gossip();
  CHECK_FALSE(grid.b.may(Counted::failed_log_ins, {outside, nobody}));
  grid.pass(2s);
  CHECK(grid.a.may(Counted::failed_log_ins, {outside, nobody}));
  CHECK(grid.b.may(Counted::failed_log_ins, {outside, nobody}));
}

TEST_CASE("a limit that is taken back holds nobody up") {
  Nodes grid("messages-per-address=1/1h");
  CHECK(grid.takes(grid.a, Counted::messages, outside, nobody, 5) == 1);
  grid.a.set(*LimitTable::parse(""));
  CHECK(grid.takes(grid.a, Counted::messages, outside, nobody, 5) == 5);
  CHECK(grid.a.tell(3).empty());
}

TEST_CASE("what no node would tell changes nothing") {
  Nodes grid("messages-per-address=1/1h");
  SeededRandom random(3);
  for (std::size_t i = 0; i < 2000; ++i) {
    Bytes told(random.below(40), '\0');
    random.fill(told.data(), told.size());
    grid.a.take_told(told);
  }
  grid.a.take_told(Bytes("\x0a\x09\x0a\x05\x09\x09xyz\x10\x7f", 11));
  CHECK(grid.takes(grid.a, Counted::messages, outside, nobody, 5) == 1);
}

TEST_CASE("how a limit stands: the tightest one, and when there is room again") {
  Nodes grid("requests-per-address=10/10s requests-per-user=4/40s");
  CHECK(!grid.a.standing(Counted::messages, {outside, nobody}));
  const auto fresh = grid.a.standing(Counted::requests, {outside, nobody});
  REQUIRE(fresh);
  CHECK(fresh->left == 10);
  CHECK(fresh->until_one == 0s);
  CHECK(fresh->until_all == 0s);
  const Bytes user(16, 'u');
  CHECK(grid.takes(grid.a, Counted::requests, outside, user, 9) == 4);
  const auto tight = grid.a.standing(Counted::requests, {outside, user});
  REQUIRE(tight);
  CHECK(tight->count == 4);
  CHECK(tight->left == 0);
  CHECK(tight->until_one == 10s);
  CHECK(tight->until_all == 40s);
  grid.pass(10s);
  CHECK(grid.a.standing(Counted::requests, {outside, user})->left == 1);
}
