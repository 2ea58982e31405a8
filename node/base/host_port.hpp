// HostPort: "host:port" and "[2001:db8::1]:port", as configuration, members and join tokens write addresses.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gridmail {

struct HostPort {
  std::string host;  ///< a DNS name, an IPv4 address, or an IPv6 address without brackets
  std::uint16_t port = 0;
  bool operator==(const HostPort&) const = default;

  /// With brackets around IPv6.
  [[nodiscard]] std::string text() const;
  /// Nothing unless it is "host:port" or "[v6]:port" with a port from 0 to 65535. Whether the host is an
  /// address or a name that exists is found out when it is used.
  [[nodiscard]] static std::optional<HostPort> parse(std::string_view text);
};

}  // namespace gridmail
