#include "node/config.hpp"

#include <doctest/doctest.h>

#include "node/config_table.hpp"

using namespace gridmail;

namespace {

std::string error_of(std::string_view text) {
  const auto config = parse_config(text, "gridmail.toml");
  return config ? "no error" : config.error().text;
}

}  // namespace

TEST_CASE("a configuration says where a node keeps its data and what it listens on") {
  const auto config = parse_config(R"(
data_dir = "/srv/mail"
name = "a"
zone = "cellar"
weight = 0
[peer]
listen = "[::1]:7000"
[listen]
smtp = "127.0.0.1:2525"
imap = "[::1]:1143"
[proxy]
trusted = ["192.0.2.0/28", "2001:db8::1"]
[login]
plaintext_from_loopback = true
[outbound]
smart_host = "relay.example.org:587"
tls = "required"
user = "grid"
password_file = "/etc/relay.password"
dns_server = "[::1]:5353"
[log]
level = "debug"
format = "json"
[limits]
message_bytes_max = "10 MiB"
[storage]
cache_bytes = 1048576
paths = { body = "/slow/body" }
[creation]
slots = 64
)",
                                   "test");
  REQUIRE_MESSAGE(config, config.error().text);
  CHECK(config->data_dir == "/srv/mail");
  CHECK(config->weight == 0);
  CHECK(config->peer_listen == HostPort{"::1", 7000});
  CHECK(config->listener(Service::smtp) == HostPort{"127.0.0.1", 2525});
  CHECK(config->listener(Service::imap)->text() == "[::1]:1143");
  CHECK(!config->listener(Service::pop3));
  CHECK(config->plaintext_login_from_loopback);
  REQUIRE(config->proxies.size() == 2);
  CHECK(config->proxies[0].contains("192.0.2.15"));
  CHECK(config->outbound.smart_host == HostPort{"relay.example.org", 587});
  CHECK(config->outbound.tls_required);
  CHECK(config->outbound.dns_server == HostPort{"::1", 5353});
  CHECK(config->log.json);
  CHECK(config->limits.message_bytes_max == 10u << 20);
  CHECK(config->storage_path(Family::body) == "/slow/body");
  CHECK(config->storage_path(Family::meta) == "/srv/mail/store/meta");
  CHECK(config->creation.slots == 64);
}

TEST_CASE("an unknown key is named with line, column and the nearest known key") {
  CHECK(error_of("data_dri = \"/x\"\n") == "gridmail.toml:1:1: unknown key data_dri; did you mean data_dir?");
  CHECK(error_of("zone = \"z\"\n\n[listen]\n  imasp = \"127.0.0.1:993\"\n") ==
        "gridmail.toml:4:3: unknown key listen.imasp; did you mean listen.imaps?");
  CHECK(error_of("[colours]\nred = 1\n") == "gridmail.toml:1:2: unknown key colours");
}

TEST_CASE("the first of several unknown keys is the one that is named") {
  CHECK(error_of("zzz = 1\naaa = 2\n").starts_with("gridmail.toml:1:1:"));
}

TEST_CASE("a wrong type or a value out of range is an error with its place") {
  CHECK(error_of("weight = \"many\"\n") ==
        "gridmail.toml:1:10: weight must be a whole number from 0 to 10000");
  CHECK(error_of("weight = -1\n") == "gridmail.toml:1:10: weight must be a whole number from 0 to 10000");
  CHECK(error_of("zone = 7\n") == "gridmail.toml:1:8: zone must be text");
  CHECK(error_of("listen = 7\n") == "gridmail.toml:1:10: listen must be a table");
  CHECK(error_of("[log]\nlevel = \"loud\"\n") ==
        "gridmail.toml:2:9: log.level must be one of: debug, info, warn, error");
  CHECK(error_of("[listen]\nimap = \"1143\"\n")
            .starts_with("gridmail.toml:2:8: listen.imap must be an address"));
  CHECK(error_of("[login]\nplaintext_from_loopback = 1\n") ==
        "gridmail.toml:2:27: login.plaintext_from_loopback must be true or false");
}

TEST_CASE("text that is not TOML is an error with its place") {
  CHECK(error_of("zone = \n").starts_with("gridmail.toml:1:8: "));
  CHECK(error_of("[&J").starts_with("gridmail.toml:1:"));
  CHECK(error_of("[[]]").starts_with("gridmail.toml:1:"));
  CHECK(error_of("= 1").starts_with("gridmail.toml:1:"));
}

TEST_CASE("a missing file is said to be missing") {
  const auto config = load_config("/nonexistent/gridmail.toml");
  REQUIRE(!config);
  CHECK(config.error().code == Errc::not_found);
}

TEST_CASE("a size is a number with a binary unit") {
  CHECK(parse_byte_size("0") == 0);
  CHECK(parse_byte_size("64 KiB") == 65536);
  CHECK(parse_byte_size("1GiB") == 1u << 30);
  CHECK(!parse_byte_size("1 GB"));
  CHECK(!parse_byte_size("-1"));
  CHECK(!parse_byte_size("99999999999 TiB"));
}

TEST_CASE("what is left out is taken from the machine") {
  NodeConfig config;
  REQUIRE(complete_config(config));
  CHECK(!config.hostname.empty());
  CHECK(!config.name.empty());
  CHECK(config.advertised().host == config.hostname);
}

TEST_CASE("a configuration whose parts contradict each other is refused") {
  NodeConfig half_tls;
  half_tls.tls.certificate = "/x.pem";
  CHECK(!complete_config(half_tls));

  NodeConfig half_login;
  half_login.outbound.user = "grid";
  CHECK(!complete_config(half_login));

  NodeConfig same_port;
  same_port.set_listener(Service::smtp, {"127.0.0.1", 25});
  same_port.set_listener(Service::imap, {"127.0.0.1", 25});
  const auto completed = complete_config(same_port);
  REQUIRE(!completed);
  CHECK(completed.error().text == "listen.smtp and listen.imap are both 127.0.0.1:25");
}

TEST_CASE("the example configuration is right and states the defaults") {
  const auto example = load_config(GRIDMAIL_EXAMPLE_CONFIG);
  REQUIRE_MESSAGE(example, example.error().text);
  const NodeConfig defaults;
  CHECK(example->data_dir == defaults.data_dir);
  CHECK(example->peer_listen == defaults.peer_listen);
  CHECK(example->weight == defaults.weight);
  CHECK(example->plaintext_login_from_loopback == defaults.plaintext_login_from_loopback);
  CHECK(example->limits.message_bytes_max == defaults.limits.message_bytes_max);
  CHECK(example->limits.connections_max == defaults.limits.connections_max);
  CHECK(example->storage.reserve_bytes == defaults.storage.reserve_bytes);
  CHECK(example->creation.slots == defaults.creation.slots);
}

TEST_CASE("a proxy that ends TLS is a proxy, too") {
  const auto config =
      parse_config("[proxy]\ntrusted = [\"192.0.2.1\"]\ntls_ended_by = [\"192.0.2.2\"]\n", "x");
  REQUIRE(config);
  REQUIRE(config->proxies.size() == 2);
  CHECK(config->proxies[1].contains("192.0.2.2"));
  REQUIRE(config->tls_enders.size() == 1);
  CHECK_FALSE(config->tls_enders[0].contains("192.0.2.1"));
}

TEST_CASE("a proxy that is no network is named with its place") {
  CHECK(error_of("[proxy]\ntrusted = [\"192.0.2.0/28\", \"balancer\"]\n") ==
        "gridmail.toml:2:28: proxy.trusted must be an array of networks, such as [\"192.0.2.0/24\"]");
  CHECK(error_of("[proxy]\ntrusted = \"192.0.2.0/28\"\n")
            .starts_with("gridmail.toml:2:11: proxy.trusted must be"));
}
