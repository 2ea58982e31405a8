#include "protocols/dkim/signature.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "protocols/dkim/relaxed_form.hpp"
#include "protocols/mime/header_line.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail::dkim {
namespace {

constexpr std::size_t line_bytes = 74;
/// Of one name: a header with more is nobody's letter.
constexpr std::size_t fields_of_a_name_max = 20;

struct Signed {
  std::string_view name;
  bool once_more = false;  ///< a further field of this name breaks the signature
};
/// RFC 6376, section 5.4.1. Lists may add their own fields, and a Sender, without breaking it.
constexpr Signed signed_fields[] = {{"From", true},
                                    {"Sender", false},
                                    {"Reply-To", true},
                                    {"To", true},
                                    {"Cc", true},
                                    {"Subject", true},
                                    {"Date", true},
                                    {"Message-ID", true},
                                    {"In-Reply-To", true},
                                    {"References", true},
                                    {"MIME-Version", true},
                                    {"Content-Type", true},
                                    {"Content-Transfer-Encoding", true},
                                    {"Content-Disposition", false},
                                    {"Content-Language", false},
                                    {"Resent-From", false},
                                    {"Resent-Sender", false},
                                    {"Resent-To", false},
                                    {"Resent-Cc", false},
                                    {"Resent-Date", false},
                                    {"Resent-Message-ID", false},
                                    {"List-Id", false},
                                    {"List-Unsubscribe", false},
                                    {"List-Unsubscribe-Post", false}};

std::vector<mime::Field> fields_of(BytesView header) {
  std::vector<mime::Field> fields;
  while (!header.empty() && !header.starts_with("\r\n")) {
    const auto field = mime::FieldReader(header).next();
    header.remove_prefix(field ? field->line.size() : mime::line_length(header));
    if (field && !field->name.empty()) fields.push_back(*field);
  }
  return fields;
}

bool has_name(const mime::Field& field, std::string_view name) {
  return text::equal_ignoring_case(field.name, name);
}

/// h=, folded between its names.
std::string folded_names(const std::vector<std::string>& names) {
  std::string folded = "h=";
  std::size_t line = folded.size() + 1;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) folded += ':';
    if (line + names[i].size() > line_bytes) {
      folded += "\r\n\t";
      line = 1;
    }
    folded += names[i];
    line += names[i].size() + 1;
  }
  return folded;
}

std::string folded_base64(const std::string& text) {
  std::string folded;
  for (std::size_t at = 0; at < text.size(); at += line_bytes - 4) {
    if (at > 0) folded += "\r\n\t";
    folded += text.substr(at, line_bytes - 4);
  }
  return folded;
}

}  // namespace

std::vector<std::string> names_to_sign(BytesView header) {
  const auto fields = fields_of(header);
  std::vector<std::string> names;
  for (const auto& candidate : signed_fields) {
    auto count = static_cast<std::size_t>(std::count_if(
        fields.begin(), fields.end(), [&](const auto& field) { return has_name(field, candidate.name); }));
    count = std::min(count, fields_of_a_name_max) + (candidate.once_more ? 1 : 0);
    names.insert(names.end(), count, std::string(candidate.name));
  }
  return names;
}

Bytes text_to_sign(BytesView header, const std::vector<std::string>& names, BytesView signature) {
  auto fields = fields_of(header);
  Bytes text;
  for (const auto& name : names) {
    const auto last = std::find_if(fields.rbegin(), fields.rend(),
                                   [&](const auto& field) { return has_name(field, name); });
    if (last == fields.rend()) continue;
    text += relaxed_field(*last);
    text += "\r\n";
    fields.erase(std::prev(last.base()));
  }
  if (const auto own = mime::FieldReader(signature).next()) text += relaxed_field(*own);
  return text;
}

Result<std::string> signature_field(BytesView header, BytesView body_hash, const Signing& signing,
                                    const SigningKey& key) {
  const auto names = names_to_sign(header);
  const std::string field = fmt::format(
      "DKIM-Signature: v=1; a={}-sha256; c=relaxed/relaxed;\r\n\td={};\r\n\ts={}; t={};\r\n\t{};\r\n\t"
      "bh={};\r\n\tb=",
      name_of(key.algorithm()), signing.domain, signing.selector, signing.at / 1'000'000, folded_names(names),
      to_base64(body_hash));
  const auto signature = key.sign(text_to_sign(header, names, field));
  if (!signature) return tl::unexpected(signature.error());
  return field + folded_base64(to_base64(*signature)) + "\r\n";
}

}  // namespace gridmail::dkim
