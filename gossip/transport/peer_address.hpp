// "host:port" and "[2001:db8::1]:port": how members' addresses are written.
#pragma once
#include <asio/ip/address.hpp>
#include <cstdint>
#include <string>

#include "node/base/result.hpp"

namespace gridmail {

struct PeerEndpoint {
  std::string host;  ///< an IP address without brackets, or a DNS name
  std::uint16_t port = 0;
};

/// Errors: invalid.
[[nodiscard]] Result<PeerEndpoint> parse_host_port(std::string_view text);
/// IPv4-mapped IPv6 addresses come out as IPv4.
[[nodiscard]] std::string format_host_port(asio::ip::address address, std::uint16_t port);

}  // namespace gridmail
