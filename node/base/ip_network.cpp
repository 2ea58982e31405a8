#include "node/base/ip_network.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace gridmail {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct Address {
  std::array<std::uint8_t, 16> octets{};
  bool is_v4 = false;
};

std::optional<Address> parse_address(std::string_view text) {
  const std::string name(text);
  Address address;
  if (::inet_pton(AF_INET, name.c_str(), address.octets.data() + mapped_prefix.size()) == 1) {
    std::copy(mapped_prefix.begin(), mapped_prefix.end(), address.octets.begin());
    address.is_v4 = true;
    return address;
  }
  if (::inet_pton(AF_INET6, name.c_str(), address.octets.data()) != 1) return std::nullopt;
  address.is_v4 = std::equal(mapped_prefix.begin(), mapped_prefix.end(), address.octets.begin());
  return address;
}

/// The octet's bits that lie within the first `bits` of the whole address.
std::uint8_t mask_of(std::size_t octet, unsigned bits) {
  const unsigned before = static_cast<unsigned>(octet) * 8;
  if (bits >= before + 8) return 0xff;
  if (bits <= before) return 0;
  return static_cast<std::uint8_t>(0xff << (before + 8 - bits));
}

}  // namespace

Result<IpNetwork> IpNetwork::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return fail(Errc::invalid, "not an IP address: " + std::string(text.substr(0, slash)));
  const unsigned most = address->is_v4 ? 32 : 128;
  unsigned bits = most;
  if (slash != std::string_view::npos) {
    const auto* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + slash + 1, end, bits);
    if (parsed.ec != std::errc{} || parsed.ptr != end || bits > most) {
      return fail(Errc::invalid, "not a network: " + std::string(text));
    }
  }
  bits += 128 - most;
  for (std::size_t i = 0; i < address->octets.size(); ++i) {
    if ((address->octets[i] & ~mask_of(i, bits)) != 0) {
      return fail(Errc::invalid, "not the first address of that network: " + std::string(text));
    }
  }
  return IpNetwork(address->octets, bits, address->is_v4);
}

bool IpNetwork::contains(std::string_view text) const {
  const auto address = parse_address(text);
  if (!address || address->is_v4 != is_v4_) return false;
  for (std::size_t i = 0; i < octets_.size(); ++i) {
    if (((address->octets[i] ^ octets_[i]) & mask_of(i, bits_)) != 0) return false;
  }
  return true;
}

}  // namespace gridmail
