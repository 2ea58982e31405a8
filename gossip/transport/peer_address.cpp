#include "gossip/transport/peer_address.hpp"

namespace gridmail {

HostPort host_port_of(const asio::ip::address& address, std::uint16_t port) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return {asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string(), port};
  }
  return {address.to_string(), port};
}

}  // namespace gridmail
