#include "node/runtime/proxy_header.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "node/base/bytes.hpp"

namespace gridmail {
namespace {

using asio::ip::address_v4;
using asio::ip::address_v6;

/// Section 2.2: as long as the shortest version 1 line is not.
constexpr BytesView signature_v2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr BytesView begin_v1("PROXY ");
constexpr std::size_t line_bytes_max = 107;   // section 2.1, with CRLF
constexpr std::size_t rest_bytes_max = 4096;  // addresses and TLVs of version 2
constexpr std::size_t fixed_rest_bytes = 4;

tl::unexpected<Error> refused(const char* why) {
  return fail(Errc::invalid, why);
}

Task<bool> read_exactly(Stream& stream, Bytes& out, std::size_t size) {
  const auto begin = out.size();
  out.resize(begin + size);
  for (std::size_t have = 0; have < size;) {
    const auto n = co_await stream.read_some(out.data() + begin + have, size - have);
    if (n == 0) co_return false;
    have += n;
  }
  co_return true;
}

/// "PROXY TCP4 source destination port port", without CRLF.
Result<ProxyHeader> parse_line(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at <= line.size();) {
    const auto end = std::min(line.find(' ', at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  if (words.size() >= 2 && words[1] == "UNKNOWN") return ProxyHeader{};
  if (words.size() != 6) return refused("a PROXY line of other than six words");
  std::error_code error;
  const auto client = asio::ip::make_address(words[2], error);
  const bool fits = (words[1] == "TCP4" && client.is_v4()) || (words[1] == "TCP6" && client.is_v6());
  if (error || !fits) return refused("a PROXY line without the client's address");
  return ProxyHeader{client};
}

Task<Result<ProxyHeader>> read_line(Stream& stream, Bytes line) {
  while (!line.ends_with("\r\n")) {
    if (line.size() >= line_bytes_max) co_return refused("a PROXY line without an end");
    // One at a time: what comes behind the line is the client's.
    const bool more = co_await read_exactly(stream, line, 1);
    if (!more) co_return refused("the connection ended in its PROXY line");
  }
  co_return parse_line(std::string_view(line).substr(0, line.size() - 2));
}

/// Section 2.2: version and command, family, length; then addresses, ports and TLVs.
Result<ProxyHeader> parse_binary(std::uint8_t version_command, std::uint8_t family, BytesView rest) {
  if (version_command >> 4 != 2) return refused("a PROXY header of an unknown version");
  const unsigned command = version_command & 0x0f;
  if (command == 0) return ProxyHeader{};  // LOCAL
  if (command != 1) return refused("a PROXY header with an unknown command");
  if (family == 0x11 && rest.size() >= 12) {
    address_v4::bytes_type bytes{};
    std::copy_n(rest.begin(), bytes.size(), bytes.begin());
    return ProxyHeader{address_v4(bytes)};
  }
  if (family == 0x21 && rest.size() >= 36) {
    address_v6::bytes_type bytes{};
    std::copy_n(rest.begin(), bytes.size(), bytes.begin());
    return ProxyHeader{address_v6(bytes)};
  }
  if (family >> 4 == 0) return ProxyHeader{};  // UNSPEC
  return refused("a PROXY header without the client's address");
}

Task<Result<ProxyHeader>> read_binary(Stream& stream) {
  Bytes fixed;
  const bool have_fixed = co_await read_exactly(stream, fixed, fixed_rest_bytes);
  if (!have_fixed) co_return refused("the connection ended in its PROXY header");
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(fixed[i]); };
  const std::size_t size = octet(2) * 256U + octet(3);
  if (size > rest_bytes_max) co_return refused("a PROXY header of over 4 KiB");
  Bytes rest;
  const bool have_rest = co_await read_exactly(stream, rest, size);
  if (!have_rest) co_return refused("the connection ended in its PROXY header");
  co_return parse_binary(octet(0), octet(1), rest);
}

}  // namespace

Task<Result<ProxyHeader>> read_proxy_header(Stream& stream) {
  Bytes begin;
  const bool have_begin = co_await read_exactly(stream, begin, signature_v2.size());
  if (!have_begin) co_return refused("the connection ended without a PROXY header");
  if (begin == signature_v2) co_return co_await read_binary(stream);
  if (begin.starts_with(begin_v1)) co_return co_await read_line(stream, std::move(begin));
  co_return refused("no PROXY header");
}

}  // namespace gridmail
