#include <doctest/doctest.h>

#include "tests/simulator/history.hpp"

namespace gridmail::sim {
namespace {

using namespace std::chrono_literals;

Subject slot(SlotId id) {
  Subject subject;
  subject.slot = id;
  return subject;
}
Subject user(std::size_t number) {
  Subject subject;
  subject.user = number;
  return subject;
}

TEST_CASE("the history of a slot holds its events and the whole grid's, in order") {
  History history;
  history.note({1s}, slot(1), "one opens");
  history.note({2s}, {}, "power is lost");
  history.note({3s}, slot(2), "two opens");
  CHECK(history.about(slot(1), 10) == "    1.0000  one opens\n    2.0000  power is lost\n");
}

TEST_CASE("the history of a user holds what happened to the slot of the user's mailbox") {
  History history;
  history.place(4, 2);
  history.note({1s}, user(4), "is told EXISTS");
  history.note({2s}, user(5), "is told EXISTS, too");
  history.note({3s}, slot(2), "two opens");
  CHECK(history.about(user(4), 10) == "    1.0000  is told EXISTS\n    3.0000  two opens\n");
}

TEST_CASE("of a long history the end is shown") {
  History history;
  for (int i = 0; i < 100; ++i) history.note({1s * i}, {}, std::to_string(i));
  CHECK(history.about({}, 2) == "   98.0000  98\n   99.0000  99\n");
}

}  // namespace
}  // namespace gridmail::sim
