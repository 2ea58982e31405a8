#include "node/outbound_settings.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_folder.hpp"

using namespace gridmail;

namespace {

struct SmartHost {
  SmartHost() { std::ofstream(password_file) << "secret\n"; }
  [[nodiscard]] Route route(const std::string& host, bool with_password, bool tls_required = false) const {
    NodeConfig config;
    config.outbound.smart_host = HostPort{host, 587};
    config.outbound.tls_required = tls_required;
    if (with_password) {
      config.outbound.user = "grid";
      config.outbound.password_file = password_file;
    }
    const auto settings = outbound_settings(config);
    REQUIRE(settings);
    CHECK(settings->route.credentials.has_value() == with_password);
    return settings->route;
  }
  const test::TemporaryFolder folder;
  const std::filesystem::path password_file = folder.path() / "password";
};

}  // namespace

TEST_CASE_FIXTURE(SmartHost, "a password goes to nobody but the smart host that its certificate names") {
  for (const auto* host : {"relay.example.org", "192.0.2.1", "2001:db8::1", "localhost.example.org"}) {
    CAPTURE(host);
    CHECK(route(host, true).tls_required);
    CHECK_FALSE(route(host, false).tls_required);
    CHECK(route(host, false, true).tls_required);
  }
}

TEST_CASE_FIXTURE(SmartHost, "a smart host on the node itself needs no certificate") {
  for (const auto* host : {"127.0.0.1", "::1", "localhost"}) {
    CAPTURE(host);
    CHECK_FALSE(route(host, true).tls_required);
    CHECK(route(host, true, true).tls_required);
  }
}
