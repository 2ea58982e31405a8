#include "protocols/mime/header.hpp"

#include <algorithm>

#include "protocols/mime/header_line.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail::mime {
namespace {

constexpr bool is_name_character(char c) {
  return c > ' ' && c < 127 && c != ':';
}

BytesView without_line_end(BytesView line) {
  if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

}  // namespace

std::size_t line_length(BytesView text) {
  const auto feed = text.find('\n');
  return feed == BytesView::npos ? text.size() : feed + 1;
}

std::size_t find_colon(BytesView line) {
  std::size_t at = 0;
  while (at < line.size() && is_name_character(line[at])) ++at;
  if (at == 0) return BytesView::npos;
  while (at < line.size() && text::is_blank(line[at])) ++at;
  return at < line.size() && line[at] == ':' ? at : BytesView::npos;
}

HeaderLine classify_header_line(BytesView line) {
  if (line.empty() || line.front() == '\n' || line.starts_with("\r\n")) return HeaderLine::empty;
  if (text::is_blank(line.front())) return HeaderLine::continuation;
  if (find_colon(line) != BytesView::npos) return HeaderLine::field;
  return line.starts_with("From ") ? HeaderLine::envelope : HeaderLine::foreign;
}

std::optional<Field> FieldReader::next() {
  const auto kind = classify_header_line(rest_);
  if (kind == HeaderLine::empty || kind == HeaderLine::foreign) return std::nullopt;
  auto length = line_length(rest_);
  while (classify_header_line(rest_.substr(length)) == HeaderLine::continuation) {
    length += line_length(rest_.substr(length));
  }
  Field field;
  field.line = rest_.substr(0, length);
  if (kind == HeaderLine::field) {
    const auto colon = find_colon(field.line);
    field.name = text::trim(field.line.substr(0, colon));
    field.value = without_line_end(field.line.substr(colon + 1));
  }
  rest_.remove_prefix(length);
  return field;
}

std::string unfold(BytesView value) {
  std::string line;
  line.reserve(value.size());
  for (const char c : text::trim(value)) {
    if (c != '\r' && c != '\n' && c != '\0') line.push_back(c);
  }
  return line;
}

std::optional<std::string> find_field(BytesView header, std::string_view name) {
  FieldReader fields(header);
  while (const auto field = fields.next()) {
    if (text::equal_ignoring_case(field->name, name)) return unfold(field->value);
  }
  return std::nullopt;
}

Bytes select_fields(BytesView header, std::span<const std::string> names, Select select) {
  Bytes selected;
  FieldReader fields(header);
  while (const auto field = fields.next()) {
    if (field->name.empty()) continue;
    const bool listed = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return text::equal_ignoring_case(name, field->name);
    });
    if (listed != (select == Select::listed)) continue;
    selected += field->line;
    if (!field->line.ends_with('\n')) selected += "\r\n";
  }
  return selected + "\r\n";
}

}  // namespace gridmail::mime
