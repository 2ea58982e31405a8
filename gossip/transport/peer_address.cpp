#include "gossip/transport/peer_address.hpp"

#include <fmt/format.h>

#include <charconv>

namespace gridmail {

Result<PeerEndpoint> parse_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return fail(Errc::invalid, fmt::format("no port in \"{}\"", text));
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  PeerEndpoint parsed{std::string(host), 0};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), parsed.port);
  if (host.empty() || error != std::errc{} || end != digits.data() + digits.size() || parsed.port == 0) {
    return fail(Errc::invalid, fmt::format("\"{}\" is not host:port", text));
  }
  return parsed;
}

std::string format_host_port(asio::ip::address address, std::uint16_t port) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return address.is_v6() ? fmt::format("[{}]:{}", address.to_string(), port)
                         : fmt::format("{}:{}", address.to_string(), port);
}

}  // namespace gridmail
