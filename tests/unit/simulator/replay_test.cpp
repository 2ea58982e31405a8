// A seed replays exactly: the same messages, acknowledgements and reads.
#include "tests/unit/simulator/over_seeds.hpp"

namespace gridmail::sim {

TEST_SUITE("rules") {
  TEST_CASE("a seed replays exactly, in every scenario") {
    set_log_sink([](Level, std::string_view) {});
    for (const auto& one : scenarios()) {
      CAPTURE(one.name);
      const auto first = run_scenario(one, 7);
      CHECK(run_scenario(one, 7) == first);
      CHECK_FALSE(run_scenario(one, 8) == first);
    }
  }
  TEST_CASE("a seed that breaks a promise breaks the same one again") {
    set_log_sink([](Level, std::string_view) {});
    const auto violation = [] {
      try {
        run_scenario(scenario("another copy crashes and returns"), 1, fault("primary_first").value());
        return std::string("none");
      } catch (const Violation& found) {
        return std::string(found.what());
      }
    };
    const auto first = violation();
    CHECK(first != "none");
    CHECK(violation() == first);
  }
}

}  // namespace gridmail::sim
