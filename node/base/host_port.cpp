#include "node/base/host_port.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace gridmail {
namespace {

/// Nothing that could be taken for other text when it is printed.
bool is_host_char(char c) {
  return c > ' ' && c < 127 && c != '[' && c != ']';
}

}  // namespace

std::string HostPort::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

std::optional<HostPort> HostPort::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  // An IPv6 address without brackets would leave open where it ends; in brackets stands nothing else.
  const bool is_v6 = host.find(':') != std::string_view::npos;
  if (host.empty() || bracketed != is_v6 || !std::all_of(host.begin(), host.end(), is_host_char)) {
    return std::nullopt;
  }
  std::uint16_t port = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || code != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return HostPort{std::string(host), port};
}

}  // namespace gridmail
