// The routes and the words of movement.
#include <doctest/doctest.h>

#include "node/cli/movement_verbs.hpp"
#include "tests/unit/node/api_in_memory.hpp"

namespace gridmail::api {

using testing::Api;

TEST_CASE("verbs of movement answer with their job") {
  Api api;
  CHECK(Json::parse(api.call(Method::post, "/api/v1/nodes/b/drain").body) ==
        Json{{"done", true}, {"job", "drain-b"}});
  CHECK(Json::parse(api.call(Method::delete_, "/api/v1/nodes/b").body)["job"] == "remove-b");
  CHECK(Json::parse(api.call(Method::post, "/api/v1/nodes/b/replace", R"({"with": "c"})").body)["job"] ==
        "replace-b");
  CHECK(api.grid.last_movement == "replace b with c");
  CHECK(api.call(Method::put, "/api/v1/nodes/b/weight", R"({"weight": 0})").status == 200);
  CHECK(api.grid.last_movement == "weight of b 0");
  CHECK(Json::parse(api.call(Method::put, "/api/v1/nodes/b/zone", R"({"zone": "cellar"})").body)["job"]
            .is_null());
  CHECK(api.grid.last_movement == "zone of b cellar");
  CHECK(api.call(Method::post, "/api/v1/nodes/b/maintenance", R"({"seconds": 600})").status == 200);
  CHECK(api.grid.last_movement == "maintenance of b 600");
}

TEST_CASE("what cannot work is refused with its reason") {
  Api api;
  const auto refused = api.call(Method::delete_, "/api/v1/nodes/a");
  CHECK(refused.status == 409);
  CHECK(Json::parse(refused.body)["detail"] == "too few nodes");
  struct Wrong {
    const char* path;
    const char* body;
  };
  for (const auto& wrong :
       {Wrong{"/nodes/b/weight", R"({"weight": -1})"}, Wrong{"/nodes/b/weight", R"({"weight": 10001})"},
        Wrong{"/nodes/b/weight", "{}"}, Wrong{"/nodes/b/zone", R"({"zone": ""})"},
        Wrong{"/settings", R"({"copies": 3})"}, Wrong{"/settings", R"({"scrub_days": 3651})"},
        Wrong{"/settings", R"({"colour": 1})"}}) {
    CAPTURE(wrong.body);
    CHECK(api.call(Method::put, "/api/v1" + std::string(wrong.path), wrong.body).status == 400);
  }
  CHECK(api.call(Method::post, "/api/v1/nodes/b/replace", "{}").status == 400);
  CHECK(api.call(Method::post, "/api/v1/nodes/b/maintenance", R"({"seconds": -5})").status == 400);
}

TEST_CASE("settings are shown, and those given are changed") {
  Api api;
  CHECK(Json::parse(api.call(Method::get, "/api/v1/settings").body) == Json{{"copies", 2},
                                                                            {"copies_min", 2},
                                                                            {"limits", ""},
                                                                            {"postmaster", "postmaster"},
                                                                            {"scrub_days", 30}});
  CHECK(Json::parse(api.call(Method::put, "/api/v1/settings", R"({"copies_min": 1})").body) ==
        Json{{"copies", 2},
             {"copies_min", 1},
             {"limits", ""},
             {"postmaster", "postmaster"},
             {"scrub_days", 30}});
  CHECK(
      Json::parse(api.call(Method::put, "/api/v1/settings", R"({"postmaster": "a@x.test"})").body) ==
      Json{{"copies", 2}, {"copies_min", 1}, {"limits", ""}, {"postmaster", "a@x.test"}, {"scrub_days", 30}});
  CHECK(Json::parse(api.call(Method::put, "/api/v1/settings", R"({"limits": "messages-per-user=5/1h"})")
                        .body)["limits"] == "messages-per-user=5/1h");
  CHECK(Json::parse(api.call(Method::put, "/api/v1/settings", R"({"limits": "none"})").body)["limits"] ==
        "none");
  CHECK(Json::parse(api.call(Method::put, "/api/v1/settings", R"({"scrub_days": 0})").body)["scrub_days"] ==
        0);
}

TEST_CASE("jobs show progress and estimate, and are paused by id") {
  Api api;
  const auto jobs = Json::parse(api.call(Method::get, "/api/v1/jobs").body);
  REQUIRE(jobs.size() == 1);
  CHECK(jobs[0]["id"] == "remove-b");
  CHECK(jobs[0]["state"] == "running");
  CHECK(jobs[0]["progress"] == 0.333);
  CHECK(jobs[0]["seconds_left"] == 12);
  CHECK(api.call(Method::post, "/api/v1/jobs/remove-b/pause").status == 200);
  CHECK(api.grid.last_movement == "pause");
  CHECK(api.call(Method::post, "/api/v1/jobs/remove-b/resume").status == 200);
  CHECK(api.grid.last_movement == "resume");
  CHECK(api.call(Method::post, "/api/v1/jobs/remove-z/pause").status == 404);
}

TEST_CASE("durations are read with their unit") {
  CHECK(cli::seconds_from("90") == 90);
  CHECK(cli::seconds_from("90s") == 90);
  CHECK(cli::seconds_from("10m") == 600);
  CHECK(cli::seconds_from("2h") == 7200);
  CHECK(cli::seconds_from("1d") == 86400);
  CHECK(cli::seconds_from("0") == 0);
  for (const auto* text : {"", "m", "-5m", "ten", "5w", "99999999999999999999d", "106751991167d"}) {
    CAPTURE(text);
    CHECK_FALSE(cli::seconds_from(text));
  }
}

}  // namespace gridmail::api
