// Case and blanks of US-ASCII, as protocols mean them: no locale, no bytes above 127.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gridmail::text {

[[nodiscard]] constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
[[nodiscard]] constexpr char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}
/// WSP of RFC 5234.
[[nodiscard]] constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}
[[nodiscard]] constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
/// UTF8-non-ascii (RFC 6531, section 3.3) by its octets; that they are UTF-8 is checked of the whole text.
[[nodiscard]] constexpr bool is_wide(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}
[[nodiscard]] constexpr bool is_alpha(char c) {
  return lower(c) >= 'a' && lower(c) <= 'z';
}
/// The digit's value, or -1.
[[nodiscard]] constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  return lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : -1;
}

[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] std::string to_upper(std::string_view text);
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);
[[nodiscard]] bool starts_with_ignoring_case(std::string_view text, std::string_view prefix);
/// Without WSP, CR and LF at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);
/// No byte above 127.
[[nodiscard]] bool is_ascii(std::string_view text);
/// Digits only, at least one, no overflow.
[[nodiscard]] std::optional<std::uint32_t> parse_number(std::string_view digits);

}  // namespace gridmail::text
