#include "protocols/smtp/parameter_parser.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "protocols/text/ascii.hpp"
#include "protocols/text/charset.hpp"

namespace gridmail::smtp {
namespace {

constexpr std::size_t envelope_id_bytes_max = 100;
constexpr std::size_t original_recipient_bytes_max = 500;

bool is_value_char(char c) {
  return (c > ' ' && c < 127 && c != '=') || text::is_wide(c);
}

/// xtext = *( xchar / hexchar ), xchar "!" to "~" without "+" and "=" (RFC 3461, section 4).
bool is_xtext(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!is_value_char(c) || text::is_wide(c)) return false;
    if (c != '+') continue;
    if (i + 2 >= text.size() || text::hex_value(text[i + 1]) < 0 || text::hex_value(text[i + 2]) < 0)
      return false;
    i += 2;
  }
  return true;
}

/// utf-8-addr-xtext and utf-8-addr-unitext (RFC 6533, section 3).
bool is_utf8_address(std::string_view text) {
  return text::is_utf8(text) && std::all_of(text.begin(), text.end(), is_value_char);
}

}  // namespace

bool Parameter::is_well_formed() const {
  const auto is_keyword_char = [](char c) { return text::is_alpha(c) || text::is_digit(c) || c == '-'; };
  return !keyword.empty() && keyword.front() != '-' &&
         std::all_of(keyword.begin(), keyword.end(), is_keyword_char) &&
         std::all_of(value.begin(), value.end(), is_value_char);
}

bool Parameter::is(std::string_view name) const {
  return text::equal_ignoring_case(keyword, name);
}

std::optional<Parameter> take_parameter(std::string_view& rest) {
  rest = text::trim(rest);
  if (rest.empty()) return std::nullopt;
  const std::string_view word = rest.substr(0, rest.find_first_of(" \t"));
  rest.remove_prefix(word.size());
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return Parameter{word, {}};
  return Parameter{word.substr(0, equals), word.substr(equals + 1)};
}

std::optional<std::uint64_t> parse_size(std::string_view digits) {
  if (digits.empty() || digits.size() > 20 || !std::all_of(digits.begin(), digits.end(), text::is_digit)) {
    return std::nullopt;
  }
  std::uint64_t size = 0;
  const auto outcome = std::from_chars(digits.data(), digits.data() + digits.size(), size);
  if (outcome.ec == std::errc::result_out_of_range) return std::numeric_limits<std::uint64_t>::max();
  return size;
}

std::optional<std::uint8_t> parse_notify(std::string_view value) {
  using ports::Notify;
  if (text::equal_ignoring_case(value, "NEVER")) return Notify::never;
  unsigned set = 0;
  for (bool more = true; more;) {
    const auto comma = value.find(',');
    const auto word = value.substr(0, comma);
    if (text::equal_ignoring_case(word, "SUCCESS")) {
      set |= Notify::success;
    } else if (text::equal_ignoring_case(word, "FAILURE")) {
      set |= Notify::failure;
    } else if (text::equal_ignoring_case(word, "DELAY")) {
      set |= Notify::delay;
    } else {
      return std::nullopt;
    }
    more = comma != std::string_view::npos;
    if (more) value.remove_prefix(comma + 1);
  }
  return static_cast<std::uint8_t>(set);
}

std::optional<ports::Returned> parse_returned(std::string_view value) {
  if (text::equal_ignoring_case(value, "FULL")) return ports::Returned::full;
  if (text::equal_ignoring_case(value, "HDRS")) return ports::Returned::headers;
  return std::nullopt;
}

bool is_envelope_id(std::string_view value) {
  return !value.empty() && value.size() <= envelope_id_bytes_max && is_xtext(value);
}

bool is_original_recipient(std::string_view value) {
  if (value.size() > original_recipient_bytes_max) return false;
  const auto semicolon = value.find(';');
  if (semicolon == 0 || semicolon == std::string_view::npos) return false;
  const auto type = value.substr(0, semicolon);
  const auto address = value.substr(semicolon + 1);
  const auto is_type_char = [](char c) { return text::is_alpha(c) || text::is_digit(c) || c == '-'; };
  if (address.empty() || !std::all_of(type.begin(), type.end(), is_type_char)) return false;
  return is_xtext(address) || (text::equal_ignoring_case(type, "utf-8") && is_utf8_address(address));
}

}  // namespace gridmail::smtp
