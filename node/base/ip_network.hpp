// Networks of IP addresses as configurations name them: "192.0.2.0/24", "2001:db8::/32", "192.0.2.7".
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "node/base/result.hpp"

namespace gridmail {

class IpNetwork {
 public:
  /// Without a length it is one address. Errors: invalid (bits set behind the length too: somebody meant
  /// another one).
  [[nodiscard]] static Result<IpNetwork> parse(std::string_view text);
  /// Whether the address, as text, is in it; an IPv4 address also in its IPv6 form (RFC 4291, 2.5.5.2).
  [[nodiscard]] bool contains(std::string_view address) const;

 private:
  using Octets = std::array<std::uint8_t, 16>;  // IPv4 in its IPv6 form
  IpNetwork(const Octets& octets, unsigned bits, bool is_v4) : octets_(octets), bits_(bits), is_v4_(is_v4) {}

  Octets octets_;
  unsigned bits_;  // of 128
  bool is_v4_;
};

}  // namespace gridmail
