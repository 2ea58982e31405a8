#include "node/services/clients/client_listeners.hpp"

#include <doctest/doctest.h>

using namespace gridmail;

TEST_CASE("listeners are told as others reach them") {
  NodeConfig config;
  config.listeners = {{Service::smtp, {"0.0.0.0", 25}},     {Service::imap, {"::", 143}},
                      {Service::imaps, {"192.0.2.7", 993}}, {Service::lmtp, {"127.0.0.1", 24}},
                      {Service::http, {"0.0.0.0", 7480}},   {Service::socketmap, {"0.0.0.0", 7481}}};
  const ClientListeners told = {
      {"smtp", {"192.0.2.1", 25}}, {"imap", {"192.0.2.1", 143}}, {"imaps", {"192.0.2.7", 993}}};
  CHECK(reachable_listeners(config, "192.0.2.1") == told);
  CHECK(reachable_listeners(config, "127.0.0.1").contains("lmtp"));
  CHECK(reachable_listeners(config, "a name").empty());
}
