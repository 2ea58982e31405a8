#include "node/sendmail/message_text.hpp"

#include <algorithm>

#include "protocols/mime/address.hpp"
#include "protocols/mime/header.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail::sendmail {
namespace {

constexpr std::size_t recipients_max = 10'000;

bool has_name(const mime::Field& field, std::string_view name) {
  return text::equal_ignoring_case(field.name, name);
}

std::vector<mime::Field> fields_of(BytesView message) {
  std::vector<mime::Field> fields;
  mime::FieldReader reader(message);
  while (auto field = reader.next()) fields.push_back(*field);
  return fields;
}

std::vector<std::string> addresses_in(const std::vector<mime::Field>& fields, const std::string& prefix) {
  std::vector<std::string> all;
  for (const auto& field : fields) {
    const bool names_recipients =
        has_name(field, prefix + "To") || has_name(field, prefix + "Cc") || has_name(field, prefix + "Bcc");
    if (!names_recipients) continue;
    for (const auto& address : mime::parse_addresses(field.value, recipients_max)) {
      if (address.begins_group() || address.ends_group() || !address.mailbox) continue;
      const auto host = address.host.value_or("");
      all.push_back(host.empty() ? *address.mailbox : *address.mailbox + "@" + host);
    }
  }
  return all;
}

std::string quoted(const std::string& name) {
  std::string text = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') text.push_back('\\');
    if (static_cast<unsigned char>(c) >= ' ' && c != 127) text.push_back(c);
  }
  return text + "\"";
}

}  // namespace

Bytes with_line_ends(BytesView text, bool dot_is_text) {
  Bytes lines;
  lines.reserve(text.size() + text.size() / 32);
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line == "." && !dot_is_text) break;
    lines += line;
    lines += "\r\n";
  }
  return lines;
}

std::vector<std::string> recipients_in(BytesView message) {
  const auto fields = fields_of(message);
  auto resent = addresses_in(fields, "Resent-");
  return resent.empty() ? addresses_in(fields, "") : resent;
}

Bytes without_blind_copies(BytesView message) {
  Bytes kept;
  BytesView rest = message;
  mime::FieldReader reader(message);
  while (const auto field = reader.next()) {
    rest.remove_prefix(field->line.size());
    if (!has_name(*field, "Bcc") && !has_name(*field, "Resent-Bcc")) kept += field->line;
  }
  return kept += rest;
}

Bytes with_author(Bytes message, const std::string& full_name, const std::string& address) {
  const auto fields = fields_of(message);
  const bool has_author =
      std::any_of(fields.begin(), fields.end(), [](const auto& field) { return has_name(field, "From"); });
  if (has_author || full_name.empty()) return message;
  const bool lacks_header = fields.empty() && !message.starts_with("\r\n");
  return "From: " + quoted(full_name) + " <" + address + ">\r\n" + (lacks_header ? "\r\n" : "") + message;
}

}  // namespace gridmail::sendmail
