#include "protocols/smtp_client/xtext.hpp"

#include <fmt/format.h>

#include <iterator>

#include "protocols/text/ascii.hpp"
#include "protocols/text/charset.hpp"

namespace gridmail::smtp {

std::string decode_xtext(std::string_view xtext) {
  std::string text;
  for (std::size_t i = 0; i < xtext.size(); ++i) {
    char c = xtext[i];
    if (c == '+' && i + 2 < xtext.size()) {
      const int high = text::hex_value(xtext[i + 1]), low = text::hex_value(xtext[i + 2]);
      if (high >= 0 && low >= 0) {
        c = static_cast<char>(high * 16 + low);
        i += 2;
      }
    }
    text.push_back(c >= ' ' && c <= '~' ? c : '?');
  }
  return text;
}

std::string encode_utf8_address(std::string_view utf8) {
  if (text::is_ascii(utf8) || !text::is_utf8(utf8)) return std::string(utf8);
  std::string encoded;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    if (lead < 0x80) {
      encoded.push_back(utf8[i]);
      continue;
    }
    const int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    unsigned character = lead & (0x3fU >> more);
    for (int n = 0; n < more; ++n)
      character = character << 6 | (static_cast<unsigned char>(utf8[++i]) & 0x3fU);
    fmt::format_to(std::back_inserter(encoded), "\\x{{{:X}}}", character);
  }
  return encoded;
}

}  // namespace gridmail::smtp
