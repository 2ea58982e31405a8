#include "protocols/mime/structure.hpp"

#include <fmt/format.h>

#include "protocols/text/ascii.hpp"
#include "protocols/text/charset.hpp"
#include "protocols/text/encoded_word.hpp"

namespace gridmail::mime {
namespace {

/// attribute-char of RFC 2231, section 7: what needs no percent-encoding.
bool is_attribute_character(char c) {
  return text::is_alpha(c) || text::is_digit(c) ||
         std::string_view("!#$&+-.^_`{|}~").find(c) != std::string_view::npos;
}

}  // namespace

std::string wire_name(const Parameter& parameter) {
  return parameter.extended ? parameter.name + '*' : parameter.name;
}

std::string wire_value(const Parameter& parameter) {
  if (!parameter.extended) return parameter.value;
  std::string out = parameter.charset + '\'' + parameter.language + '\'';
  for (const char c : parameter.value) {
    if (is_attribute_character(c)) {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string utf8_value(const Parameter& parameter) {
  if (parameter.extended) return text::to_utf8(parameter.value, parameter.charset);
  return text::decode_header_text(parameter.value);
}

}  // namespace gridmail::mime
