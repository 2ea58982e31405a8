// Every scenario over at least 200 seeds, under load throughout. Checked: nothing acknowledged or shown is
// lost, changed or doubled; what is acknowledged is on the disks of all copies that must have it; one node
// commits in an epoch; the grid comes to rest with all its copies, and they are equal.
#include "tests/unit/simulator/over_seeds.hpp"

using gridmail::sim::holds_over_seeds;

TEST_SUITE("crashes") {
  TEST_CASE("no promise is broken when the primary crashes in the middle of appends and returns") {
    holds_over_seeds("the primary crashes in the middle of appends and returns");
  }
  TEST_CASE("no promise is broken when another copy crashes and returns") {
    holds_over_seeds("another copy crashes and returns");
  }
  TEST_CASE("no promise is broken when a node is gone for good and a blank one takes its place") {
    holds_over_seeds("a node is gone for good and a blank one takes its place");
  }
  TEST_CASE("no promise is broken when all nodes lose power and return one by one") {
    holds_over_seeds("all nodes lose power and return one by one");
  }
  TEST_CASE("no promise is broken when everything at once") {
    holds_over_seeds("everything at once");
  }
}

TEST_SUITE("network") {
  TEST_CASE("no promise is broken when messages are lost, delayed, doubled and reordered") {
    holds_over_seeds("messages are lost, delayed, doubled and reordered");
  }
  TEST_CASE("no promise is broken when the grid is cut in two and heals") {
    holds_over_seeds("the grid is cut in two and heals");
  }
  TEST_CASE("no promise is broken when links fail one by one") {
    holds_over_seeds("links fail one by one");
  }
  TEST_CASE("no promise is broken when of three copies one hears nothing, but is heard") {
    holds_over_seeds("of three copies one hears nothing, but is heard");
  }
  TEST_CASE("no promise is broken when messages are half a second late while nodes crash") {
    holds_over_seeds("messages are half a second late while nodes crash");
  }
}

TEST_SUITE("growth") {
  TEST_CASE("no promise is broken when a node stops for about as long as a lease and goes on") {
    holds_over_seeds("a node stops for about as long as a lease and goes on");
  }
  TEST_CASE("no promise is broken when a copy that was stopped takes over from a primary that lives") {
    holds_over_seeds("a copy that was stopped takes over from a primary that lives");
  }
  TEST_CASE("no promise is broken when a disk hangs for a while") {
    holds_over_seeds("a disk hangs for a while");
  }
  TEST_CASE("no promise is broken when the grid grows from one node to three") {
    holds_over_seeds("the grid grows from one node to three");
  }
  TEST_CASE("no promise is broken when one of two nodes is away") {
    holds_over_seeds("one of two nodes is away");
  }
}
