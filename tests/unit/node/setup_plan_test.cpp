#include "node/cli/setup_plan.hpp"

#include <doctest/doctest.h>

#include "node/config.hpp"

using namespace gridmail;

TEST_CASE("the answers become a configuration that gridmaild reads") {
  const auto text = cli::config_of({"mail1.example.test", "2001:db8::1", "rack2"});
  REQUIRE(text);
  auto config = parse_config(*text, "gridmail.toml");
  REQUIRE(config);
  REQUIRE(complete_config(*config));
  CHECK(config->name == "mail1");
  CHECK(config->hostname == "mail1.example.test");
  CHECK(config->zone == "rack2");
  CHECK(config->advertised().text() == "[2001:db8::1]:7420");
  CHECK(config->listener(Service::http)->host == "127.0.0.1");
  CHECK(config->listener(Service::imaps)->port == 993);
  CHECK(!config->listener(Service::lmtp));
}

TEST_CASE("a machine with IPv6 serves both") {
  for (const bool ipv6 : {false, true}) {
    cli::SetupAnswers answers{"mail1.example.test", "192.0.2.1"};
    answers.ipv6 = ipv6;
    const auto text = cli::config_of(answers);
    REQUIRE(text);
    const auto config = parse_config(*text, "gridmail.toml");
    REQUIRE(config);
    for (const auto service : {Service::smtp, Service::imaps, Service::https})
      CHECK(config->listener(service)->host == (ipv6 ? "::" : "0.0.0.0"));
    CHECK(config->peer_listen.host == (ipv6 ? "::" : "0.0.0.0"));
    CHECK(config->listener(Service::http)->host == "127.0.0.1");
  }
}

TEST_CASE("an answer that would be something else in TOML is refused") {
  CHECK(!cli::config_of({"mail1\"\nzone = \"x", "192.0.2.1"}));
  CHECK(!cli::config_of({"mail1", ""}));
  CHECK(!cli::config_of({"mail1", "192.0.2.1", "a zone"}));
}

TEST_CASE("an unattended set-up is the configuration with a table that is cut off") {
  const auto plan = cli::read_setup_file(
      "hostname = \"mail3.example.test\"\n[listen]\nimaps = \"0.0.0.0:993\"\n[setup]\njoin = \"the-token\"\n",
      "answers.toml");
  REQUIRE(plan);
  CHECK(plan->join_token == "the-token");
  CHECK(!plan->admin_password);
  CHECK(plan->config.find("the-token") == std::string::npos);
  const auto config = parse_config(plan->config, "gridmail.toml");
  REQUIRE(config);
  CHECK(config->hostname == "mail3.example.test");
  CHECK(config->listener(Service::imaps)->port == 993);
}

TEST_CASE("an unattended set-up may name the postmaster of a new grid") {
  const std::string config = "hostname = \"mail1.example.org\"\n[peer]\nadvertise = \"192.0.2.1:7420\"\n";
  const auto good = cli::read_setup_file(config + "[setup]\npostmaster = \"me@example.org\"\n", "f");
  REQUIRE_MESSAGE(good, good.error().text);
  CHECK(good->postmaster == "me@example.org");
  CHECK(!cli::read_setup_file(config + "[setup]\npostmaster = \"me\"\n", "f"));
  CHECK(!cli::read_setup_file(config + "[setup]\njoin = \"t\"\npostmaster = \"me@example.org\"\n", "f"));
}

TEST_CASE("a file without the table is kept as it is, comments too") {
  const std::string text = "# first\nhostname = \"mail1.example.test\"\n";
  const auto plan = cli::read_setup_file(text, "answers.toml");
  REQUIRE(plan);
  CHECK(plan->config == text);
  CHECK(!plan->join_token);
}

TEST_CASE("a wrong set-up file is refused with its place") {
  const auto error_of = [](const char* text) {
    const auto plan = cli::read_setup_file(text, "answers.toml");
    return plan ? std::string() : plan.error().text;
  };
  CHECK(error_of("[setup]\njoined = \"x\"\n") ==
        "answers.toml:2:1: unknown key setup.joined; did you mean setup.join?");
  CHECK(error_of("hostname = \"h\"\n[setup]\njoin = \"x\"\nadmin_password = \"y\"\n").find("admin already") !=
        std::string::npos);
  CHECK(error_of("zoen = \"a\"\n").find("unknown key zoen") != std::string::npos);
  CHECK(error_of("[setup\n").starts_with("answers.toml:1:"));
}
