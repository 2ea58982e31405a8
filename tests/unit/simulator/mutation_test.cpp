// The checkers bite: the grid is broken on purpose in each way that there is, and a seed is found, among as
// many as the tests run, under which clients see a broken promise.
#include <doctest/doctest.h>

#include <fstream>
#include <optional>
#include <sstream>

#include "tests/simulator/scenario.hpp"
#include "tests/unit/simulator/quiet.hpp"

namespace gridmail::sim {
namespace {

/// A broken promise: not only a grid that gets stuck, or does not come up.
bool is_broken_promise(const Violation& violation) {
  const std::string_view what = violation.what();
  return what.starts_with("slot ") ? what.find("cannot be read") == std::string_view::npos
                                   : what.starts_with("user ") || what.starts_with("two maps ");
}

std::optional<std::uint64_t> seed_that_finds(const Mutation& broken) {
  const auto& finder = scenario(broken.scenario);
  const auto seeds = family_of(broken.scenario).test_seeds;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    try {
      run_scenario(finder, seed, &broken);
    } catch (const Violation& violation) {
      if (is_broken_promise(violation)) return seed;
    }
  }
  return std::nullopt;
}

TEST_CASE("whatever is broken on purpose, a seed breaks a promise") {
  be_quiet();
  for (const auto& broken : mutations()) {
    const auto seed = seed_that_finds(broken);
    CHECK_MESSAGE(seed.has_value(), broken.name);
    if (seed)
      MESSAGE("| `" << broken.name << "` | " << broken.what << " | " << broken.scenario << " | " << *seed
                    << " |");
  }
}

TEST_CASE("the README lists what can be broken, and which scenario finds it") {
  std::ifstream file(GRIDMAIL_SIMULATOR_README);
  std::ostringstream text;
  text << file.rdbuf();
  REQUIRE_FALSE(text.str().empty());
  for (const auto& broken : mutations()) {
    const auto row = "| `" + broken.name + "` | " + broken.what + " | " + broken.scenario + " |";
    CHECK_MESSAGE(text.str().find(row) != std::string::npos, row);
  }
}

}  // namespace
}  // namespace gridmail::sim
