#include "node/base/date.hpp"

#include <doctest/doctest.h>

using namespace gridmail;

TEST_CASE("dates are written in UTC, to the second, and read as they are written") {
  constexpr WallMicros second = 1'000'000, day = 86'400 * second;
  CHECK(rfc3339(0) == "1970-01-01T00:00:00Z");
  CHECK(rfc3339(day + second + 999'999) == "1970-01-02T00:00:01Z");
  CHECK(parse_rfc3339("1970-01-02T00:00:01Z") == day + second);
  CHECK(parse_rfc3339(rfc3339(20'000 * day)) == 20'000 * day);
  for (const auto* text : {"", "1970-01-02", "1970-01-02T00:00:01", "1970-01-02T00:00:01+01:00"})
    CHECK_FALSE(parse_rfc3339(text));
}
