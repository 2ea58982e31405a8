// What is left of a slot: which copy is made whole, and from what.
#include "storage/replication/combination.hpp"

#include <doctest/doctest.h>

namespace gridmail {
namespace {

NodeId node(char name) {
  NodeId id;
  id.value.fill(name);
  return id;
}
const NodeId a = node('a'), b = node('b'), c = node('c');

/// Epoch 1 from sequence 1 on, epoch 4 from 11, epoch 6 from 21.
const History history{{1, 1}, {4, 11}, {6, 21}};
History until(Epoch last) {
  History cut;
  for (const auto& start : history) {
    if (start.first <= last) cut.push_back(start);
  }
  return cut;
}

Holding whole(Epoch opened, Position position) {
  return {.opened = opened,
          .whole = true,
          .complete_to = {},
          .base = {},
          .position = position,
          .commit = position,
          .history = until(opened)};
}
/// Joined at `from`.
Holding part(Epoch opened, Position from, Position position) {
  return {.opened = opened,
          .whole = false,
          .complete_to = {},
          .base = from,
          .position = position,
          .commit = from,
          .history = until(opened)};
}

}  // namespace

TEST_CASE("a whole copy that nobody was opened after is all that is needed") {
  const auto made = combine({{a, whole(4, {4, 15})}, {b, part(4, {1, 10}, {4, 15})}, {c, Holding{}}});
  REQUIRE(made);
  CHECK(made->maker == a);
  CHECK(made->finished);
}

TEST_CASE("a copy that was away takes over the log of the one that joined for it") {
  const auto made = combine({{a, whole(1, {1, 10})}, {b, part(4, {1, 10}, {4, 15})}});
  REQUIRE(made);
  CHECK(made->maker == a);
  CHECK(made->last == b);
  CHECK_FALSE(made->finished);
  CHECK(made->take_log);
  CHECK(made->sources.empty());  // nothing is missing before that log
}

TEST_CASE("what was committed between the two comes from whoever has it") {
  const std::map<NodeId, Holding> left{
      {a, whole(1, {1, 10})}, {b, part(4, {1, 10}, {4, 20})}, {c, part(6, {4, 18}, {6, 25})}};
  const auto made = combine(left);
  REQUIRE(made);
  CHECK(made->maker == a);
  CHECK(made->last == c);
  REQUIRE(made->sources.size() == 1);
  CHECK(made->sources[0].node == b);
  CHECK(made->sources[0].to == 18);
  SUBCASE("and without it there is no whole copy") {
    auto fewer = left;
    fewer.erase(b);
    CHECK_FALSE(combine(fewer));
  }
}

TEST_CASE("what only a deposed primary's copy holds was never committed") {
  auto ahead = whole(4, {4, 19});
  ahead.commit = {4, 12};
  auto joined = part(6, {4, 15}, {6, 25});
  joined.history = {{1, 1}, {4, 11}, {6, 16}};
  const auto made = combine({{a, ahead}, {c, joined}});
  REQUIRE(made);
  CHECK(made->maker == a);
  CHECK(made->take_log);
  CHECK(shared_end(ahead, joined) == Position{4, 15});
  CHECK(made->sources.empty());
}

TEST_CASE("a copy that knows something committed which the last log lacks is no part of it") {
  auto joined = part(6, {4, 15}, {6, 25});
  joined.history = {{1, 1}, {4, 11}, {6, 16}};
  CHECK_FALSE(combine({{a, whole(4, {4, 19})}, {c, joined}}));
}

TEST_CASE("a copy that had begun to catch up goes on from others") {
  auto catching_up = part(6, {4, 18}, {6, 25});
  catching_up.complete_to = Position{1, 10};
  const auto made = combine({{a, catching_up}, {b, part(4, {1, 9}, {4, 20})}});
  REQUIRE(made);
  CHECK(made->maker == a);
  CHECK_FALSE(made->take_log);
  REQUIRE(made->sources.size() == 1);
  CHECK(made->sources[0].node == b);
  CHECK(made->sources[0].to == 18);
}

TEST_CASE("of blank copies nothing can be made") {
  CHECK_FALSE(combine({}));
  CHECK_FALSE(combine({{a, Holding{}}, {b, Holding{}}}));
  CHECK_FALSE(combine({{a, Holding{}}, {b, part(4, {1, 10}, {4, 15})}}));
}

}  // namespace gridmail
