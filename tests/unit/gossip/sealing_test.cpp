#include <doctest/doctest.h>

#include "gossip/membership/sealing.hpp"
#include "tests/unit/gossip/support/sample_map.hpp"

namespace gridmail {
namespace {

using test::node;

struct Pair {
  SeededRandom random{1};
  KeyRing keys{{draw_gossip_key(random)}};
  DatagramSealer alice{node(1), 100, keys, random};
  DatagramSealer bob{node(2), 100, keys, random};
};

TEST_CASE("what one seals the other opens, once") {
  Pair p;
  const auto datagram = p.alice.seal("hello");
  CHECK(datagram.size() == 5 + DatagramSealer::overhead_bytes);
  const auto opened = p.bob.open(datagram, {});
  REQUIRE(opened);
  CHECK(opened->from == node(1));
  CHECK(opened->text == "hello");
  CHECK(p.bob.open(datagram, {}).error().code == Errc::denied);
}

TEST_CASE("datagrams may overtake each other, but not by more than the window") {
  Pair p;
  std::vector<Bytes> sent;
  for (int i = 0; i < 100; ++i) sent.push_back(p.alice.seal("x"));
  CHECK(p.bob.open(sent[70], {}));
  CHECK(p.bob.open(sent[7], {}));
  CHECK(p.bob.open(sent[6], {}).error().code == Errc::denied);
  CHECK(p.bob.open(sent[69], {}));
  CHECK(p.bob.open(sent[69], {}).error().code == Errc::denied);
  CHECK(p.bob.open(sent[99], {}));
  CHECK_FALSE(p.bob.open(sent[35], {}));
  CHECK(p.bob.open(sent[36], {}));
}

TEST_CASE("a restarted sender is heard, its former life's datagrams are not") {
  Pair p;
  const auto old = p.alice.seal("old");
  DatagramSealer again(node(1), 101, p.keys, p.random);
  CHECK(p.bob.open(again.seal("new"), {}));
  CHECK(p.bob.open(old, {}).error().code == Errc::denied);
}

TEST_CASE("a sender whose clock went back is heard once it has said so itself") {
  Pair p;
  CHECK(p.bob.open(p.alice.seal("x"), {}));
  DatagramSealer again(node(1), 50, p.keys, p.random);
  CHECK_FALSE(p.bob.open(again.seal("x"), {}));
  p.bob.set_session_of(node(1), 50);
  CHECK(p.bob.open(again.seal("x"), {}));
}

TEST_CASE("every changed byte breaks the seal") {
  Pair p;
  const auto datagram = p.alice.seal("hello");
  for (std::size_t i = 0; i < datagram.size(); ++i) {
    Bytes changed = datagram;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CHECK_FALSE(p.bob.open(changed, {}));
  }
  for (std::size_t size = 0; size < datagram.size(); ++size)
    CHECK_FALSE(p.bob.open(BytesView(datagram).substr(0, size), {}));
  CHECK(p.bob.open(datagram, {}));
}

TEST_CASE("any key of the ring opens, the first seals") {
  Pair p;
  const Bytes fresh = draw_gossip_key(p.random);
  p.bob.set_keys({{fresh, p.keys.keys[0]}});
  CHECK(p.bob.open(p.alice.seal("x"), {}));
  CHECK_FALSE(p.alice.open(p.bob.seal("x"), {}));
}

}  // namespace
}  // namespace gridmail
