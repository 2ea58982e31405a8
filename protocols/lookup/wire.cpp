#include "protocols/lookup/wire.hpp"

#include <fmt/format.h>

#include "node/base/percent.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail::lookup {
namespace {

std::string encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_plain = c > ' ' && c < '\x7f' && c != '%';
    if (is_plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace

Result<std::optional<Netstring>> parse_netstring(std::string_view bytes, std::size_t content_bytes_max) {
  std::size_t length = 0;
  std::size_t at = 0;
  for (; at < bytes.size() && text::is_digit(bytes[at]); ++at) {
    length = length * 10 + static_cast<std::size_t>(bytes[at] - '0');
    const bool has_leading_zero = at > 0 && bytes[0] == '0';
    if (length > content_bytes_max || has_leading_zero) return fail(Errc::invalid, "length of a netstring");
  }
  if (at == bytes.size()) return std::optional<Netstring>();
  if (at == 0 || bytes[at] != ':') return fail(Errc::invalid, "not a netstring");
  const std::size_t end = at + 1 + length;
  if (bytes.size() <= end) return std::optional<Netstring>();
  if (bytes[end] != ',') return fail(Errc::invalid, "a netstring without its comma");
  return Netstring{bytes.substr(at + 1, length), end + 1};
}

void append_netstring(std::string& out, std::string_view content) {
  out += fmt::format("{}:{},", content.size(), content);
}

Result<Question> parse_socketmap_request(std::string_view request) {
  const auto space = request.find(' ');
  if (space == std::string_view::npos || space == 0) return fail(Errc::invalid, "a request is MAP KEY");
  return Question{request.substr(0, space), request.substr(space + 1)};
}

std::string socketmap_reply(const Answer& answer) {
  switch (answer.kind) {
    case Answer::Kind::found:
      return "OK " + answer.text;
    case Answer::Kind::not_found:
      return "NOTFOUND ";
    case Answer::Kind::temporary:
      return "TEMP " + answer.text;
    case Answer::Kind::permanent:
      return "PERM " + answer.text;
  }
  return "PERM ";
}

Result<std::string> parse_tcp_table_request(std::string_view line) {
  constexpr std::string_view get = "get ";
  if (line.substr(0, get.size()) != get) return fail(Errc::invalid, "a request is get KEY");
  auto key = percent_decode(line.substr(get.size()));
  if (!key) return fail(Errc::invalid, "a % without two hexadecimal digits");
  return std::move(*key);
}

std::string tcp_table_reply(const Answer& answer) {
  switch (answer.kind) {
    case Answer::Kind::found:
      return "200 " + encode(answer.text) + "\n";
    case Answer::Kind::not_found:
      return "500 unknown\n";
    case Answer::Kind::temporary:
    case Answer::Kind::permanent:
      return "400 " + encode(answer.text) + "\n";
  }
  return "400 \n";
}

}  // namespace gridmail::lookup
