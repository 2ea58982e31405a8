// How the addresses of members are written, "host:port", made from what sockets give.
#pragma once
#include <asio/ip/address.hpp>

#include "node/base/host_port.hpp"

namespace gridmail {

/// IPv4-mapped IPv6 addresses come out as IPv4.
[[nodiscard]] HostPort host_port_of(const asio::ip::address& address, std::uint16_t port);

}  // namespace gridmail
