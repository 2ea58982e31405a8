// The checkers bite: each rule of the protocol is broken on purpose, and a seed is found that breaks a
// promise.
#include <doctest/doctest.h>

#include <optional>

#include "tests/simulator/scenario.hpp"
#include "tests/unit/simulator/quiet.hpp"

namespace gridmail::sim {
namespace {

/// The first seed under which clients see a broken promise: not only a grid that gets stuck.
std::optional<std::uint64_t> seed_that_breaks(const char* rule, const std::string& name,
                                              std::uint64_t seeds_max) {
  be_quiet();
  for (std::uint64_t seed = 1; seed <= seeds_max; ++seed) {
    try {
      run_scenario(scenario(name), seed, fault(rule).value());
    } catch (const Violation& violation) {
      if (std::string_view(violation.what()).starts_with("slot ")) return seed;
    }
  }
  return std::nullopt;
}

TEST_SUITE("rules") {
  TEST_CASE("without fencing a copy takes entries of a primary that was deposed") {
    CHECK(seed_that_breaks("no_fence", "of three copies one hears nothing, but is heard", 60));
  }
  TEST_CASE("a primary that applies before the others have it acknowledges what they lack") {
    CHECK(seed_that_breaks("primary_first", "another copy crashes and returns", 20));
  }
  TEST_CASE("without waiting for leases a new primary writes while the old one is read") {
    CHECK(seed_that_breaks("no_lease_wait", "a copy that was stopped takes over from a primary that lives",
                           400));
  }
  TEST_CASE("without leases a primary that is cut off shows old state") {
    CHECK(seed_that_breaks("no_read_lease", "the grid is cut in two and heals", 60));
  }
  TEST_CASE("a restarted primary that goes on in its epoch gives a place to two entries") {
    CHECK(seed_that_breaks("resume", "everything at once", 200));
  }
  TEST_CASE("a commit that does not wait for joining copies is lost with the primary") {
    CHECK(seed_that_breaks("no_joining_ack", "the grid grows from one node to three", 60));
  }
  TEST_CASE("a joining copy named in sync before its gap is closed lacks what is in the gap") {
    CHECK(seed_that_breaks("early_whole", "a node is gone for good and a blank one takes its place", 60));
  }
}

}  // namespace
}  // namespace gridmail::sim
