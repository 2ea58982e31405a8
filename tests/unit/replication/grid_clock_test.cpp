// What time it is by most of the clocks.
#include "storage/replication/grid_clock.hpp"

#include <doctest/doctest.h>

namespace gridmail {
namespace {

using namespace std::chrono_literals;

constexpr WallMicros second = 1'000'000, day = 86'400 * second, noon = 1000 * day;

NodeId node(char name) {
  NodeId id;
  id.value.fill(name);
  return id;
}
const NodeId a = node('a'), b = node('b'), c = node('c'), d = node('d');

/// Self is a. The others told ten seconds ago.
struct Scene {
  Map map;
  std::map<NodeId, LoadBook::Heard> heard;
  NodeSet dead;
  OwnTime own{TimePoint{100s}, noon};

  explicit Scene(std::initializer_list<NodeId> members) {
    for (const auto& id : members) {
      Member member;
      member.id = id;
      map.members.push_back(std::move(member));
    }
  }
  void hear(NodeId from, WallMicros now_there) { heard[from] = {TimePoint{90s}, now_there - 10 * second}; }
  [[nodiscard]] std::optional<WallMicros> wall() const {
    return agreed_wall(
        map, a, heard, [this](NodeId id) { return !dead.contains(id); }, own);
  }
};

}  // namespace

TEST_CASE("one wrong clock of three decides nothing, whosever it is") {
  Scene scene({a, b, c});
  scene.hear(b, noon);
  scene.hear(c, noon + second);
  SUBCASE("none") {
    CHECK(scene.wall() == noon);
  }
  SUBCASE("another's") {
    scene.hear(b, noon - day);
    CHECK(scene.wall() == noon);
  }
  SUBCASE("this node's, which jumps after it has heard the others") {
    scene.own.wall = noon + day;
    CHECK(scene.wall() == noon + second);
  }
}

TEST_CASE("where two clocks contradict each other nobody knows what time it is") {
  Scene scene({a, b});
  scene.hear(b, noon - 2 * second);
  CHECK(scene.wall() == noon - second);
  scene.hear(b, noon - day);
  CHECK_FALSE(scene.wall());
  scene.dead = {b};
  CHECK(scene.wall() == noon);
}

TEST_CASE("a node that has just started waits for what the others have to say") {
  Scene scene({a, b, c, d});
  CHECK_FALSE(scene.wall());
  scene.hear(b, noon);
  CHECK_FALSE(scene.wall());
  scene.hear(c, noon);
  CHECK(scene.wall() == noon);
  CHECK(Scene({a}).wall() == noon);
}

}  // namespace gridmail
