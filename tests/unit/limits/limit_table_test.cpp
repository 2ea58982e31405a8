#include "node/services/limits/limit_table.hpp"

#include <doctest/doctest.h>

using namespace gridmail;

TEST_CASE("limits are read as administrators write them, and written the same way") {
  const auto table = LimitTable::parse(
      "messages-per-user=500/1h  failed-log-ins-per-address=20/600s connections-per-network=3/2d");
  REQUIRE(table);
  CHECK(table->text() ==
        "connections-per-network=3/2d messages-per-user=500/1h failed-log-ins-per-address=20/10m");
  CHECK(table->of(Counted::messages, Per::user)->count == 500);
  CHECK(table->of(Counted::messages, Per::user)->within == std::chrono::hours(1));
  CHECK_FALSE(table->of(Counted::messages, Per::address));
  CHECK(LimitTable::parse("")->empty());
  CHECK(LimitTable::parse("")->text() == "none");
  CHECK(LimitTable::parse("none")->empty());
}

TEST_CASE("what is no limit is refused, and named") {
  for (const auto* text :
       {"messages-per-user", "messages=5/1h", "messages-per-user=/1h", "messages-per-user=0/1h",
        "messages-per-user=5", "messages-per-user=5/", "messages-per-user=5/h", "messages-per-user=5/1w",
        "messages-per-user=5/0s", "messages-per-user=5/8d", "mail-per-user=5/1h", "messages-per-node=5/1h",
        "messages-per-user=-5/1h", "messages-per-user=5x/1h", "messages-per-user=1000001/1h", "=", "-per-",
        "messages-per-user=5/99999999999d"}) {
    CAPTURE(text);
    const auto table = LimitTable::parse(text);
    REQUIRE_FALSE(table);
    CHECK(table.error().code == Errc::invalid);
    CHECK(table.error().text.find(text) != std::string::npos);
  }
}
