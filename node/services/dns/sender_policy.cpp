#include "node/services/dns/sender_policy.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "node/base/bytes.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail {
namespace {

/// 4 or 16 bytes; empty for what is no address.
Bytes address_bytes(const std::string& text) {
  Bytes bytes(16, '\0');
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
  bytes.resize(4);
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return bytes;
  return {};
}

bool is_within(const std::string& address, std::string_view network) {
  const auto slash = network.find('/');
  const Bytes base = address_bytes(std::string(network.substr(0, slash))), own = address_bytes(address);
  if (base.empty() || base.size() != own.size()) return false;
  std::size_t bits = 8 * base.size();
  if (slash != std::string_view::npos) {
    const auto digits = network.substr(slash + 1);
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (parsed.ec != std::errc{} || bits > 8 * base.size()) return false;
  }
  for (std::size_t bit = 0; bit < bits; ++bit) {
    const int mask = 0x80 >> (bit % 8);
    if (((base[bit / 8] ^ own[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

bool covers(const std::vector<std::string>& all, const std::string& address) {
  return std::any_of(all.begin(), all.end(), [&](const auto& other) { return is_within(address, other); });
}

std::vector<std::string_view> words_of(std::string_view policy) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at < policy.size();) {
    const auto end = std::min(policy.find(' ', at), policy.size());
    if (end > at) words.push_back(policy.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

Allowed result_of(char qualifier) {
  return qualifier == '+' ? Allowed::yes : Allowed::no;
}

}  // namespace

bool is_sender_policy(std::string_view record) {
  return text::equal_ignoring_case(record, "v=spf1") || text::starts_with_ignoring_case(record, "v=spf1 ");
}

Allowed allowed_by(std::string_view policy, const std::string& address,
                   const std::vector<std::string>& mx_addresses,
                   const std::vector<std::string>& domain_addresses) {
  bool asks_further = false;
  for (auto word : words_of(policy)) {
    const bool qualified = std::string_view("+-~?").find(word.front()) != std::string_view::npos;
    const char qualifier = qualified ? word.front() : '+';
    if (qualified) word.remove_prefix(1);
    const auto lower = text::to_lower(word);
    bool matches = lower == "all" || (lower == "mx" && covers(mx_addresses, address)) ||
                   (lower == "a" && covers(domain_addresses, address));
    if (lower.starts_with("ip4:") || lower.starts_with("ip6:"))
      matches = is_within(address, std::string_view(lower).substr(4));
    const bool ends = lower == "all";
    if (ends && asks_further) return Allowed::unknown;
    if (matches) return result_of(qualifier);
    asks_further = asks_further || lower.starts_with("include:") || lower.starts_with("redirect=") ||
                   lower.starts_with("exists:") || lower.starts_with("a:") || lower.starts_with("mx:") ||
                   lower.starts_with("a/") || lower.starts_with("mx/") || lower.starts_with("ptr");
  }
  return asks_further ? Allowed::unknown : Allowed::no;
}

bool is_public_address(const std::string& address) {
  if (address_bytes(address).empty()) return false;
  constexpr std::string_view others[] = {"0.0.0.0/8",      "10.0.0.0/8",    "100.64.0.0/10",  "127.0.0.0/8",
                                         "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3",
                                         "::/127",         "fc00::/7",      "fe80::/10",      "ff00::/8"};
  return std::none_of(std::begin(others), std::end(others),
                      [&](auto network) { return is_within(address, network); });
}

std::string reverse_name(const std::string& address) {
  const Bytes bytes = address_bytes(address);
  std::string name;
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
    const auto value = static_cast<unsigned char>(*byte);
    name += bytes.size() == 4 ? fmt::format("{}.", value) : fmt::format("{:x}.{:x}.", value & 15, value >> 4);
  }
  if (bytes.empty()) return {};
  return name + (bytes.size() == 4 ? "in-addr.arpa" : "ip6.arpa");
}

}  // namespace gridmail
