#include "tests/unit/node/api_in_memory.hpp"

using namespace gridmail;
using namespace gridmail::api;
using gridmail::testing::Api;

TEST_CASE("statistics are rows by day, of users, domains or all") {
  Api api;
  const auto rows = api.get("/api/v1/statistics?by=user&from=2024-10-01&to=2024-10-31");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0] == Json({{"day", "2024-10-04"},
                         {"user", "a\"b,@x.test"},
                         {"protocol", "imap"},
                         {"log_ins", 3},
                         {"refused_log_ins", 1},
                         {"bytes_in", 1000},
                         {"bytes_out", 2000}}));
  CHECK(api.grid.statistics_asked.by == StatisticsQuery::By::user);
  CHECK(api.grid.statistics_asked.first_day == 19997);
  CHECK(api.grid.statistics_asked.last_day == 20027);
  CHECK(api.get("/api/v1/statistics")[0].contains("user") == false);
  CHECK(api.grid.statistics_asked.last_day - api.grid.statistics_asked.first_day == 29);
  CHECK(api.get("/api/v1/statistics?limit=1").size() == 1);
}

TEST_CASE("statistics can be of one domain or user, and by one protocol") {
  Api api;
  CHECK(api.call(Method::get, "/api/v1/statistics?by=user&of=a%40x.test&protocol=imap").status == 200);
  CHECK(api.grid.statistics_asked.of == "a@x.test");
  CHECK(api.grid.statistics_asked.protocol == "imap");
  CHECK(api.call(Method::get, "/api/v1/statistics?by=user&of=").status == 400);
  CHECK(api.call(Method::get, "/api/v1/statistics?of=x.test").status == 400);
}

TEST_CASE("statistics as CSV have a header and quotes where they need them (RFC 4180)") {
  Api api;
  api.fields = {{"Accept", "text/csv"}};
  const auto response = api.call(Method::get, "/api/v1/statistics?by=user");
  CHECK(response.content_type.starts_with("text/csv"));
  CHECK(response.body ==
        "day,user,protocol,log_ins,refused_log_ins,bytes_in,bytes_out\r\n"
        "2024-10-04,\"a\"\"b,@x.test\",imap,3,1,1000,2000\r\n2024-10-05,c@x.test,pop3,1,0,10,20\r\n");
  CHECK(response.headers.at(0) == std::pair<std::string, std::string>("Silent-Nodes", api.grid.second.hex()));
}

TEST_CASE("statistics of nothing, or of no days, are refused") {
  Api api;
  for (const auto* query : {"by=colour", "from=2024-13-01", "from=2024-02-30", "to=yesterday",
                            "from=", "from=2024-10-02&to=2024-10-01", "from=1969-12-31"})
    CHECK(api.call(Method::get, "/api/v1/statistics?" + std::string(query)).status == 400);
}
