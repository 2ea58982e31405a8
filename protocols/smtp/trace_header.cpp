#include "protocols/smtp/trace_header.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "protocols/smtp/path_parser.hpp"
#include "protocols/text/date.hpp"

namespace gridmail::smtp {
namespace {

constexpr std::size_t shown_bytes_max = 255;

/// A client names itself as it likes: what is no domain is shown with its odd characters replaced.
std::string shown_name(const std::string& client_name) {
  if (is_domain(client_name) || is_address_literal(client_name)) return client_name;
  std::string shown = client_name.substr(0, shown_bytes_max);
  std::replace_if(
      shown.begin(), shown.end(),
      [](char c) {
        return c <= 32 || c > 126 || std::string_view("()<>[]\\\",;@").find(c) != std::string_view::npos;
      },
      '?');
  return shown;
}

/// Quoted for a comment (RFC 5322, section 3.2.2).
std::string in_comment(std::string_view text) {
  std::string quoted;
  for (const char c : text.substr(0, shown_bytes_max)) {
    if (c == '(' || c == ')' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c >= 32 && c < 127 ? c : '?');
  }
  return quoted;
}

/// address-literal = "[" ( IPv4 / "IPv6:" IPv6 ) "]"
std::string address_literal(const std::string& address) {
  const bool v6 = address.find(':') != std::string::npos;
  return fmt::format("[{}{}]", v6 ? "IPv6:" : "", address);
}

}  // namespace

std::string transmission_type(const Trace& trace) {
  const bool lmtp = trace.mode == Mode::lmtp;
  std::string type = lmtp ? "LMTP" : "SMTP";
  if (trace.utf8) {
    type.insert(0, "UTF8");
  } else if (!lmtp && trace.extended) {
    type.insert(0, "E");
  }
  if (!lmtp && !trace.extended) return type;
  if (!trace.tls_version.empty()) type += 'S';
  if (!trace.login.empty()) type += 'A';
  return type;
}

std::string format_received(const Trace& trace) {
  std::string field =
      fmt::format("Received: from {} ({})\r\n\tby {} with {}", shown_name(trace.client_name),
                  address_literal(trace.peer_address), trace.hostname, transmission_type(trace));
  if (!trace.tls_version.empty()) {
    fmt::format_to(std::back_inserter(field), "\r\n\t({} {})", trace.tls_version, trace.tls_cipher);
  }
  if (!trace.login.empty()) {
    fmt::format_to(std::back_inserter(field), "\r\n\t(authenticated as {})", in_comment(trace.login));
  }
  fmt::format_to(std::back_inserter(field), "\r\n\tid {}", trace.id);
  if (!trace.only_recipient.empty())
    fmt::format_to(std::back_inserter(field), "\r\n\tfor <{}>", trace.only_recipient);
  const text::DateTime date{trace.received_at / 1'000'000, 0};
  fmt::format_to(std::back_inserter(field), ";\r\n\t{}\r\n", text::format_rfc5322_date(date));
  return field;
}

}  // namespace gridmail::smtp
