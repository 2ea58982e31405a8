#include "node/services/clients/client_listeners.hpp"

#include <asio/ip/address.hpp>

namespace gridmail {

ClientListeners reachable_listeners(const NodeConfig& config, const std::string& own_address) {
  std::error_code error;
  const auto own = asio::ip::make_address(own_address, error);
  ClientListeners listeners;
  if (error) return listeners;
  for (const auto& listener : config.listeners) {
    if (listener.service > Service::pop3s) continue;
    const auto host = asio::ip::make_address(listener.address.host, error);
    if (error || (host.is_loopback() && !own.is_loopback())) continue;
    listeners[std::string(name_of(listener.service))] = {
        host.is_unspecified() ? own.to_string() : host.to_string(), listener.address.port};
  }
  return listeners;
}

}  // namespace gridmail
