#include "node/cli/progress.hpp"

#include <doctest/doctest.h>

using namespace gridmail::cli;
using namespace std::chrono_literals;

TEST_CASE("progress says how much is done, how fast, and how long it still takes") {
  CHECK(progress_text("users", {0, 1200, 0s, 0}, 80) == "users 0 of 1200 [                    ] 0 %");
  CHECK(progress_text("users", {300, 1200, 4s, 300}, 80) ==
        "users 300 of 1200 [=====               ] 25 %, 75/s, 12 s left");
  CHECK(progress_text("users", {1200, 1200, 16s, 1200}, 80) ==
        "users 1200 of 1200 [====================] 100 %, 75/s");
}

TEST_CASE("what was done before is no measure of the rate, and the grid's estimate goes first") {
  CHECK(progress_text("slots", {600, 1000, 10s, 50}, 80) ==
        "slots 600 of 1000 [============        ] 60 %, 5.0/s, 1 min 20 s left");
  CHECK(progress_text("slots", {600, 1000, 10s, 50, 7260s}, 80) ==
        "slots 600 of 1000 [============        ] 60 %, 5.0/s, 2 h 01 min left");
  CHECK(progress_text("slots", {600, 1000, 10s, 0, std::nullopt, "paused"}, 80) ==
        "slots 600 of 1000 [============        ] 60 %, paused");
}

TEST_CASE("nothing is 100 % before it is done, and there is no division by nothing") {
  CHECK(progress_text("slots", {4095, 4096, 0s, 0}, 80).ends_with("] 99 %"));
  CHECK(progress_text("slots", {0, 0, 0s, 0}, 80) == "slots 0 of 0 [                    ] 0 %");
  CHECK(progress_text("slots", {5, 3, 1s, 5}, 80).starts_with("slots 5 of 5 "));
}

TEST_CASE("a narrow terminal gets one line, too") {
  CHECK(progress_text("users", {300, 1200, 4s, 300}, 20) == "users 300 of 1200 [=");
}
