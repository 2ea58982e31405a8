#include "protocols/text/transfer_encoding.hpp"

#include <array>
#include <cstdint>
#include <cstring>

#include "protocols/text/ascii.hpp"

namespace gridmail::text {
namespace {

constexpr std::uint8_t foreign = 0xff;

constexpr std::array<std::uint8_t, 256> base64_values() {
  std::array<std::uint8_t, 256> table{};
  table.fill(foreign);
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}

/// The octets that the first `digits` (2 or 3) sextets of an incomplete block hold.
void append_incomplete(Bytes& out, std::uint32_t block, unsigned digits) {
  if (digits >= 2) out.push_back(static_cast<char>(block >> (6 * digits - 8)));
  if (digits == 3) out.push_back(static_cast<char>(block >> 2));
}

/// One line without its end, blanks at its end already dropped.
void append_unquoted(Bytes& out, BytesView line) {
  std::size_t at = 0;
  while (at < line.size()) {
    const auto escape = line.find('=', at);
    out.append(line.substr(at, escape - at));
    if (escape == BytesView::npos) return;
    const int high = escape + 2 < line.size() ? hex_value(line[escape + 1]) : -1;
    const int low = escape + 2 < line.size() ? hex_value(line[escape + 2]) : -1;
    if (high >= 0 && low >= 0) {
      out.push_back(static_cast<char>(high * 16 + low));
      at = escape + 3;
    } else {
      out.push_back('=');
      at = escape + 1;
    }
  }
}

}  // namespace

Bytes decode_base64(BytesView text) {
  static constexpr auto values = base64_values();
  Bytes out;
  out.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t block = 0;
  unsigned digits = 0;
  for (const char c : text) {
    const auto value = values[static_cast<unsigned char>(c)];
    if (value == foreign) {
      if (c != '=') continue;
      append_incomplete(out, block, digits);
      block = digits = 0;
      continue;
    }
    block = block << 6 | value;
    if (++digits == 4) {
      const std::array<char, 3> octets{static_cast<char>(block >> 16), static_cast<char>(block >> 8),
                                       static_cast<char>(block)};
      out.append(octets.data(), octets.size());
      block = digits = 0;
    }
  }
  append_incomplete(out, block, digits);
  return out;
}

Bytes decode_quoted_printable(BytesView text) {
  Bytes out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto feed = text.find('\n');
    const auto whole = text.substr(0, feed == BytesView::npos ? feed : feed + 1);
    text.remove_prefix(whole.size());
    auto line = whole;
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    const auto line_end = whole.substr(line.size());
    // RFC 2045, section 6.7, rule 3: blanks at the end of a line were added on the way.
    while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
    const bool soft_break = !line.empty() && line.back() == '=';
    if (soft_break) line.remove_suffix(1);
    append_unquoted(out, line);
    if (!soft_break) out.append(line_end);
  }
  return out;
}

Bytes encode_base64_lines(BytesView bytes) {
  constexpr std::size_t octets_per_line = 57;
  Bytes out;
  out.reserve(bytes.size() / octets_per_line * 78 + 80);
  for (std::size_t at = 0; at < bytes.size(); at += octets_per_line) {
    if (at > 0) out += "\r\n";
    out += to_base64(bytes.substr(at, octets_per_line));
  }
  return out;
}

Bytes encode_quoted_printable(BytesView text) {
  constexpr std::size_t line_max = 76;
  constexpr std::string_view digits = "0123456789ABCDEF";
  Bytes out;
  out.reserve(text.size() + text.size() / 4);
  std::size_t line = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (text.substr(i, 2) == "\r\n") {
      out += "\r\n";
      line = 0;
      ++i;
      continue;
    }
    const auto next = text.substr(i + 1, 2);
    // Rule 3: a blank at the end of a line is encoded.
    const bool is_plain =
        (c > ' ' && c < 127 && c != '=') || (is_blank(c) && !next.empty() && next != "\r\n");
    const std::size_t length = is_plain ? 1 : 3;
    if (line + length > line_max - 1) {  // rule 5: room for the soft break
      out += "=\r\n";
      line = 0;
    }
    if (is_plain) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'=', digits[byte >> 4], digits[byte & 15]});
    }
    line += length;
  }
  return out;
}

Bytes decode_transfer(BytesView body, std::string_view encoding) {
  if (equal_ignoring_case(encoding, "base64")) return decode_base64(body);
  if (equal_ignoring_case(encoding, "quoted-printable")) return decode_quoted_printable(body);
  return Bytes(body);
}

}  // namespace gridmail::text
