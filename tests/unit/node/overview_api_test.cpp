#include "tests/unit/node/api_in_memory.hpp"

using namespace gridmail;
using namespace gridmail::api;
using gridmail::testing::Api;

TEST_CASE("the queue's summary says how much waits, for whom, and how far that was counted") {
  Api api;
  const auto summary = api.get("/api/v1/queue/summary");
  CHECK(summary["entries"] == 2);
  CHECK(summary["held"] == 1);
  CHECK(summary["oldest"] == "1970-01-01T00:00:01Z");
  CHECK(summary["slots_counted"] == 4000);
  CHECK(summary["silent"] == Json::array({api.grid.second.hex()}));
  REQUIRE(summary["destinations"].size() == 1);
  CHECK(summary["destinations"][0]["destination"] == "x.test");
  CHECK(summary["destinations"][0]["last_error"] == "421 later");
}

TEST_CASE("the chronicle names what happened to which node") {
  Api api;
  const auto events = api.get("/api/v1/chronicle")["events"];
  REQUIRE(events.size() == 1);
  CHECK(events[0]["what"] == "silent");
  CHECK(events[0]["name"] == "node2");
  CHECK(events[0]["seen_by"] == 3);
}
