#include "tests/unit/node/grid_in_memory.hpp"

using namespace gridmail::api;

namespace gridmail::testing {

bool ClientsInMemory::is_balancer(std::string_view peer_address) const {
  return peer_address == "192.0.2.1";
}
Task<Result<void>> ClientsInMemory::log_in(std::string login, std::string password,
                                           std::string client_address, std::string protocol) {
  last_login = login + " from " + client_address + " by " + protocol;
  if (password == "later") co_return fail(Errc::unavailable);
  if (login != "u@example.test" || password != "right") co_return fail(Errc::denied);
  co_return Result<void>();
}
Task<Result<std::string>> ClientsInMemory::look_up(std::string key) {
  if (key == "u@example.test" || key == "example.test") co_return key;
  co_return fail(Errc::not_found);
}
Task<Result<MailServer>> ClientsInMemory::server_for(std::string address, std::string service) {
  last_served = address + " by " + service;
  const bool offered = service == "imap" || service == "submission" || service == "smtp";
  if (!is_reachable || !offered) co_return fail(Errc::unavailable);
  MailServer server;
  server.address = {"192.0.2.11", 143};
  co_return server;
}

Task<Result<ClientSettings>> ClientsInMemory::client_settings(std::string domain) {
  if (domain != "example.test") co_return fail(Errc::not_found);
  ClientSettings settings;
  settings.domain = domain;
  settings.host = "mail.example.test";
  settings.servers.push_back({ClientSettings::Server::Kind::imap, 993, true});
  settings.servers.push_back({ClientSettings::Server::Kind::smtp, 587, false});
  co_return settings;
}

}  // namespace gridmail::testing
