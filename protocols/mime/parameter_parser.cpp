#include "protocols/mime/parameter_parser.hpp"

#include <algorithm>
#include <map>

#include "protocols/mime/lexer.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail::mime {
namespace {

constexpr std::size_t parameters_max = 1000;
constexpr std::uint32_t segment_max = 9999;
constexpr std::size_t type_bytes_max = 127;  // RFC 6838, section 4.2

/// One "name*2*=value" as written, taken apart.
struct Segment {
  std::uint32_t number = 0;
  bool extended = false;
  std::string value;  ///< quotes undone, percent-encoding not
};

/// Everything written under one name. Plain ones stand for themselves; numbered ones are put together.
struct Named {
  std::string name;
  std::vector<Segment> segments;
  bool plain = true;
};

/// RFC 2231, section 7: attribute ["*" section] ["*"]. What does not fit is a plain name, stars and all.
void split_name(std::string_view written, Named& named, Segment& segment) {
  named.name = text::to_lower(written);
  auto rest = std::string_view(named.name);
  if (rest.ends_with('*')) {
    segment.extended = true;
    rest.remove_suffix(1);
  }
  const auto star = rest.find('*');
  if (star != std::string_view::npos) {
    const auto number = text::parse_number(rest.substr(star + 1));
    if (!number || *number > segment_max) {
      segment.extended = false;
      return;
    }
    segment.number = *number;
    rest = rest.substr(0, star);
  } else if (!segment.extended) {
    return;
  }
  if (rest.empty()) return;
  named.plain = false;
  named.name = std::string(rest);
}

std::string undo_percent(std::string_view value) {
  std::string out;
  for (std::size_t at = 0; at < value.size(); ++at) {
    const int high = value[at] == '%' && at + 2 < value.size() ? text::hex_value(value[at + 1]) : -1;
    const int low = high >= 0 ? text::hex_value(value[at + 2]) : -1;
    if (low < 0) {
      out.push_back(value[at]);
      continue;
    }
    out.push_back(static_cast<char>(high * 16 + low));
    at += 2;
  }
  std::erase_if(out, [](char c) { return c == '\0' || c == '\r' || c == '\n'; });
  return out;
}

/// Section 4: charset'language'value, in the first segment only.
std::string_view take_charset(std::string_view value, Parameter& parameter) {
  const auto first = value.find('\'');
  const auto second = first == std::string_view::npos ? first : value.find('\'', first + 1);
  if (second == std::string_view::npos) return value;
  parameter.charset = value.substr(0, first);
  parameter.language = value.substr(first + 1, second - first - 1);
  return value.substr(second + 1);
}

Parameter join(Named named) {
  Parameter parameter;
  parameter.name = std::move(named.name);
  std::stable_sort(named.segments.begin(), named.segments.end(),
                   [](const Segment& a, const Segment& b) { return a.number < b.number; });
  std::uint32_t expected = named.segments.front().number;
  for (const auto& segment : named.segments) {
    if (segment.number != expected++) break;  // a gap: what follows cannot be placed
    if (!segment.extended) {
      parameter.value += segment.value;
      continue;
    }
    const bool first = &segment == &named.segments.front();
    const auto encoded = first ? take_charset(segment.value, parameter) : std::string_view(segment.value);
    parameter.value += undo_percent(encoded);
    parameter.extended = true;
  }
  return parameter;
}

/// *(";" attribute "=" value), lenient: values with characters that wanted quotes are read to the next ";".
std::vector<Parameter> parse_parameters(Lexer& lexer) {
  std::vector<Named> found;
  std::map<std::string, std::size_t> numbered;  // name to its place in `found`
  std::size_t count = 0;
  while (lexer.skip_past(';') && count < parameters_max) {
    const auto written = lexer.take_until("=;");
    if (written.empty() || !lexer.take('=')) continue;
    Named named;
    Segment segment;
    split_name(written, named, segment);
    segment.value = lexer.take_value();
    ++count;
    if (!named.plain) {
      const auto [place, is_new] = numbered.try_emplace(named.name, found.size());
      if (!is_new) {
        found[place->second].segments.push_back(std::move(segment));
        continue;
      }
    }
    named.segments.push_back(std::move(segment));
    found.push_back(std::move(named));
  }
  std::vector<Parameter> parameters;
  parameters.reserve(found.size());
  for (auto& named : found) parameters.push_back(join(std::move(named)));
  return parameters;
}

}  // namespace

ContentType parse_content_type(BytesView value) {
  Lexer lexer(value);
  ContentType content;
  const auto type = lexer.take_token();
  const bool divided = lexer.take('/');
  const auto subtype = divided ? lexer.take_token() : std::string_view();
  const bool too_long = type.size() > type_bytes_max || subtype.size() > type_bytes_max;
  if (!type.empty() && !subtype.empty() && !too_long && !lexer.at('/')) {
    content.type = text::to_lower(type);
    content.subtype = text::to_lower(subtype);
  }
  content.parameters = parse_parameters(lexer);
  return content;
}

Disposition parse_disposition(BytesView value) {
  Lexer lexer(value);
  Disposition disposition;
  disposition.kind = text::to_lower(lexer.take_token());
  disposition.parameters = parse_parameters(lexer);
  return disposition;
}

std::string parse_token(BytesView value) {
  return text::to_lower(Lexer(value).take_token());
}

std::vector<std::string> parse_tokens(BytesView value) {
  Lexer lexer(value);
  std::vector<std::string> tokens;
  do {
    const auto token = lexer.take_token();
    if (!token.empty()) tokens.emplace_back(token);
  } while (lexer.skip_past(','));
  return tokens;
}

}  // namespace gridmail::mime
