#include "node/runtime/tcp_listener.hpp"

#include <fmt/format.h>

#include <asio/ip/v6_only.hpp>
#include <cerrno>

namespace gridmail {
namespace {

using asio::ip::tcp;

Errc code_of(const std::error_code& error) {
  if (error == asio::error::address_in_use) return Errc::busy;
  if (error == asio::error::access_denied) return Errc::denied;
  if (error.value() == EADDRNOTAVAIL) return Errc::unavailable;  // the network may come later
  return Errc::invalid;
}

std::error_code open_and_listen(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  std::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (error) return error;
  acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (endpoint.address().is_v6()) {
    acceptor.set_option(asio::ip::v6_only(!endpoint.address().is_unspecified()), error);
  }
  acceptor.bind(endpoint, error);
  if (error) return error;
  acceptor.listen(asio::socket_base::max_listen_connections, error);
  return error;
}

}  // namespace

Result<tcp::acceptor> listen_on(const asio::any_io_executor& executor, const std::string& name,
                                const std::string& address, std::uint16_t port) {
  std::error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error) {
    return fail(Errc::invalid, fmt::format("cannot listen for {} on {}: not an IP address", name, address));
  }
  tcp::acceptor acceptor(executor);
  error = open_and_listen(acceptor, {ip, port});
  if (!error) return acceptor;
  return fail(code_of(error),
              fmt::format("cannot listen for {} on {} port {}: {}", name, address, port, error.message()));
}

}  // namespace gridmail
