#include "node/services/dns/dns_answer_parser.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace gridmail::dns {
namespace {

constexpr std::size_t name_bytes_max = 253;

/// Letters, digits and hyphens (RFC 1123, section 2.1), and the underscores of Windows hosts.
bool is_host_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/// RFC 1035, section 3.1: labels with their lengths, the last one empty.
std::optional<std::string> parse_name(BytesView wire) {
  std::string name;
  while (!wire.empty()) {
    const auto length = static_cast<unsigned char>(wire.front());
    wire.remove_prefix(1);
    if (length == 0) return wire.empty() ? std::optional(name) : std::nullopt;
    if (length > 63 || length > wire.size()) return std::nullopt;
    const auto label = wire.substr(0, length);
    if (!std::all_of(label.begin(), label.end(), is_host_byte)) return std::nullopt;
    if (!name.empty()) name.push_back('.');
    name += label;
    if (name.size() > name_bytes_max) return std::nullopt;
    wire.remove_prefix(length);
  }
  return std::nullopt;
}

}  // namespace

std::optional<ports::Exchanger> parse_exchanger(BytesView record) {
  if (record.size() < 3) return std::nullopt;
  auto host = parse_name(record.substr(2));
  if (!host) return std::nullopt;
  return ports::Exchanger{read_be16(record), std::move(*host)};
}

std::optional<std::string> parse_text(BytesView record) {
  std::string text;
  while (!record.empty()) {
    const auto length = static_cast<unsigned char>(record.front());
    if (record.size() < 1U + length) return std::nullopt;
    text += record.substr(1, length);
    record.remove_prefix(1U + length);
  }
  return text;
}

std::optional<std::string> parse_pointer(BytesView record) {
  return parse_name(record);
}

std::optional<std::string> parse_service(BytesView record) {
  if (record.size() < 7) return std::nullopt;
  const auto target = parse_name(record.substr(6));
  if (!target) return std::nullopt;
  std::string text;
  for (const std::size_t at : {0, 2, 4}) text += std::to_string(read_be16(record.substr(at))) + " ";
  return text + *target;
}

std::optional<std::string> parse_address(BytesView record) {
  char text[INET6_ADDRSTRLEN];
  const int family = record.size() == 4 ? AF_INET : AF_INET6;
  if (record.size() != 4 && record.size() != 16) return std::nullopt;
  if (inet_ntop(family, record.data(), text, sizeof text) == nullptr) return std::nullopt;
  return std::string(text);
}

}  // namespace gridmail::dns
