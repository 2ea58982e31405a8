// A seed replays exactly: the same messages, acknowledgements and reads, recorded or not.
#include <doctest/doctest.h>

#include "tests/simulator/scenario.hpp"
#include "tests/unit/simulator/quiet.hpp"

namespace gridmail::sim {
namespace {

constexpr const char* broken_scenario = "another copy crashes and returns";

TEST_CASE("a seed replays exactly, recorded or not") {
  be_quiet();
  for (const auto& family : families()) {
    for (const auto& one : family.scenarios) {
      CAPTURE(one.name);
      if (family.name == "open") continue;
      const auto first = run_scenario(one, 7);
      History history;
      CHECK(run_scenario(one, 7, nullptr, &history) == first);
      CHECK_FALSE(run_scenario(one, 8) == first);
    }
  }
}

TEST_CASE("a seed that breaks a promise breaks the same one again") {
  be_quiet();
  const auto violation = [] {
    try {
      run_scenario(scenario(broken_scenario), 1, mutation("primary_first"));
      return std::string("none");
    } catch (const Violation& found) {
      return std::string(found.what());
    }
  };
  const auto first = violation();
  CHECK(first != "none");
  CHECK(violation() == first);
}

TEST_CASE("a failing seed is explained by what happened to its slot, in order of time") {
  be_quiet();
  const auto text = explain(scenario(broken_scenario), 1, mutation("primary_first"));
  CAPTURE(text);
  CHECK(text.find("slot ") == 0);
  CHECK(text.find("slot.opened") != std::string::npos);
  CHECK(text.find("commits ") != std::string::npos);
  CHECK(text.find("map ") != std::string::npos);
}

}  // namespace
}  // namespace gridmail::sim
