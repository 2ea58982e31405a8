#include "node/api/agent_check.hpp"

#include <doctest/doctest.h>

using namespace gridmail::api;

TEST_CASE("a ready node says what share of new connections it takes") {
  const std::vector<ReadinessCheck> checks{{"canary_write", true, ""}, {"not_draining", true, ""}};
  CHECK(agent_answer(checks, 85) == "ready up 85%\n");
}

TEST_CASE("a draining node keeps its connections and gets no new ones") {
  CHECK(agent_answer({{"canary_write", true, ""}, {"not_draining", false, "draining"}}, 85) == "drain\n");
}

TEST_CASE("a node that cannot serve is down, with the reason, also while it drains") {
  CHECK(agent_answer({{"not_draining", false, "draining"}, {"canary_write", false, "timed out"}}, 85) ==
        "ready down #canary_write\n");
  CHECK(agent_answer({}, 85) == "ready down #starting\n");
}
