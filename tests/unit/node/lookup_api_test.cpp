#include "tests/unit/node/api_in_memory.hpp"

using namespace gridmail;
using namespace gridmail::api;
using gridmail::testing::Api;

namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Nginx : Api {
  Nginx() {
    authorization.clear();
    loopback = false;
    peer = "192.0.2.1";
  }
  Fields ask(Fields asked) {
    fields = std::move(asked);
    auto response = call(Method::get, "/nginx-auth");
    REQUIRE(response.status == 200);
    REQUIRE(response.headers.back() == std::pair<std::string, std::string>("Cache-Control", "no-store"));
    response.headers.pop_back();
    return response.headers;
  }
  Fields log_in(std::string protocol, std::string user, std::string password, std::string attempt = "1") {
    return ask({{"Auth-Method", "plain"},
                {"Auth-User", user},
                {"Auth-Pass", password},
                {"Auth-Protocol", protocol},
                {"Auth-Login-Attempt", attempt},
                {"Client-IP", "203.0.113.9"}});
  }
};

const Fields ok = {{"Auth-Status", "OK"}, {"Auth-Server", "192.0.2.11"}, {"Auth-Port", "143"}};

}  // namespace

TEST_CASE_FIXTURE(Nginx, "a right password leads to the node of the mailbox") {
  CHECK(log_in("imap", "u@example.test", "right") == ok);
  CHECK(grid.clients_in_memory.last_login == "u@example.test from 203.0.113.9 by imap");
  CHECK(grid.clients_in_memory.last_served == "u@example.test by imap");
  CHECK(log_in("smtp", "u%40example.test", "%72ight") == ok);
  CHECK(grid.clients_in_memory.last_served == "u@example.test by submission");
}

TEST_CASE_FIXTURE(Nginx,
                  "a wrong password and an unknown user get the same answer, as each protocol says it") {
  for (const auto* user : {"u@example.test", "nobody@example.test"}) {
    CHECK(log_in("imap", user, "wrong") ==
          Fields{{"Auth-Status", "[AUTHENTICATIONFAILED] wrong user or password"}, {"Auth-Wait", "1"}});
    CHECK(log_in("pop3", user, "wrong") ==
          Fields{{"Auth-Status", "[AUTH] wrong user or password"}, {"Auth-Wait", "1"}});
    CHECK(log_in("smtp", user, "wrong") == Fields{{"Auth-Status", "wrong user or password"},
                                                  {"Auth-Error-Code", "535 5.7.8"},
                                                  {"Auth-Wait", "1"}});
  }
}

TEST_CASE_FIXTURE(Nginx, "after five attempts nginx is not told to wait, so it closes") {
  CHECK(log_in("pop3", "u@example.test", "wrong", "4").size() == 2);
  CHECK(log_in("pop3", "u@example.test", "wrong", "5").size() == 1);
  CHECK(log_in("pop3", "u@example.test", "wrong", "12").size() == 1);
  CHECK(log_in("pop3", "u@example.test", "wrong", "").size() == 1);
}

TEST_CASE_FIXTURE(Nginx, "what is only unavailable is said to be temporary") {
  CHECK(log_in("imap", "u@example.test", "later")[0].second == "[UNAVAILABLE] try again later");
  CHECK(log_in("pop3", "u@example.test", "later")[0].second == "[SYS/TEMP] try again later");
  CHECK(log_in("smtp", "u@example.test", "later")[1].second == "454 4.7.0");
  grid.clients_in_memory.is_reachable = false;
  CHECK(log_in("imap", "u@example.test", "right")[0].second == "[UNAVAILABLE] try again later");
}

TEST_CASE_FIXTURE(Nginx, "without a password the recipient decides, known or not") {
  for (const auto* user : {"u@example.test", "nobody@example.test"}) {
    CHECK(ask({{"Auth-Method", "none"},
               {"Auth-Protocol", "smtp"},
               {"Auth-SMTP-To", std::string("RCPT TO:<") + user + "> NOTIFY=NEVER"}}) == ok);
    CHECK(grid.clients_in_memory.last_served == std::string(user) + " by smtp");
  }
  grid.clients_in_memory.is_reachable = false;
  CHECK(ask({{"Auth-Method", "none"}, {"Auth-Protocol", "smtp"}})[1].second == "451 4.3.0");
}

TEST_CASE_FIXTURE(Nginx, "only a balancer may ask, and only what it would") {
  fields = {{"Auth-Method", "none"}, {"Auth-Protocol", "imap"}};
  CHECK(call(Method::get, "/nginx-auth").status == 400);  // log-in without a password
  fields = {{"Auth-Method", "cram-md5"}, {"Auth-Protocol", "imap"}};
  CHECK(call(Method::get, "/nginx-auth").status == 400);
  fields = {{"Auth-Method", "plain"}, {"Auth-Protocol", "imap"}, {"Auth-User", "%4"}};
  CHECK(call(Method::get, "/nginx-auth").status == 400);
  fields.back().second = "u@example.test";
  for (const auto* stranger : {"127.0.0.1", "192.0.2.2", ""}) {
    peer = stranger;
    CHECK(call(Method::get, "/nginx-auth").status == 403);
  }
}

TEST_CASE_FIXTURE(Nginx, "a client's address that is none is not believed") {
  (void)ask({{"Auth-Method", "plain"}, {"Auth-Protocol", "imap"}, {"Client-IP", "unix:"}});
  CHECK(grid.clients_in_memory.last_login == " from 192.0.2.1 by imap");
}

TEST_CASE("a look-up says where a key leads, and which node serves an address best") {
  Api api;
  const auto found = api.get("/api/v1/lookup?key=u%40example.test");
  CHECK(found["value"] == "u@example.test");
  CHECK(found["servers"].size() == 3);
  CHECK(found["servers"]["imap"]["host"] == "192.0.2.11");
  CHECK(found["servers"]["imap"]["port"] == 143);
  CHECK_FALSE(api.get("/api/v1/lookup?key=example.test").contains("servers"));
  CHECK(api.call(Method::get, "/api/v1/lookup?key=x@example.test").status == 404);
  CHECK(api.call(Method::get, "/api/v1/lookup").status == 400);
}
