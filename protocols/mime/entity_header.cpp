#include "protocols/mime/entity_header.hpp"

#include <array>

#include "protocols/mime/header.hpp"
#include "protocols/mime/parameter_parser.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail::mime {
namespace {

class EntityHeader {
 public:
  EntityHeader(TextBudget& budget, Part& part, Message* message)
      : budget_(budget), part_(part), message_(message) {}

  void take_mime_field(std::string_view name, BytesView value) {
    using text::equal_ignoring_case;
    if (equal_ignoring_case(name, "Content-Type")) {
      take_type(value);
    } else if (equal_ignoring_case(name, "Content-Transfer-Encoding")) {
      if (part_.encoding.empty()) part_.encoding = budget_.keep(parse_token(unfold(value))).value_or("");
    } else if (equal_ignoring_case(name, "Content-Disposition")) {
      take_disposition(value);
    } else if (equal_ignoring_case(name, "Content-ID")) {
      take_first(part_.id, value);
    } else if (equal_ignoring_case(name, "Content-Description")) {
      take_first(part_.description, value);
    } else if (equal_ignoring_case(name, "Content-MD5")) {
      take_first(part_.md5, value);
    } else if (equal_ignoring_case(name, "Content-Location")) {
      take_first(part_.location, value);
    } else if (equal_ignoring_case(name, "Content-Language")) {
      take_language(value);
    }
  }

  void take_message_field(std::string_view name, BytesView value) {
    auto& envelope = message_->envelope;
    const std::array<std::pair<std::string_view, std::optional<std::string>*>, 5> texts{
        {{"Date", &envelope.date},
         {"Subject", &envelope.subject},
         {"In-Reply-To", &envelope.in_reply_to},
         {"Message-ID", &envelope.message_id},
         {"References", &message_->references}}};
    for (const auto& [field, place] : texts) {
      if (text::equal_ignoring_case(name, field)) return take_first(*place, value);
    }
    const std::array<std::pair<std::string_view, std::vector<Address>*>, 6> lists{
        {{"From", &envelope.from},
         {"Sender", &envelope.sender},
         {"Reply-To", &envelope.reply_to},
         {"To", &envelope.to},
         {"Cc", &envelope.cc},
         {"Bcc", &envelope.bcc}}};
    for (const auto& [field, place] : lists) {
      if (text::equal_ignoring_case(name, field)) return take_addresses(*place, value);
    }
  }

 private:
  void take_first(std::optional<std::string>& place, BytesView value) {
    if (!place) place = budget_.keep(unfold(value));
  }

  void take_type(BytesView value) {
    if (have_type_) return;
    have_type_ = true;
    auto content = parse_content_type(unfold(value));
    if (!budget_.take(content.type.size() + content.subtype.size())) {
      part_.type = "application";
      part_.subtype = "octet-stream";
      return;
    }
    part_.type = std::move(content.type);
    part_.subtype = std::move(content.subtype);
    part_.parameters = keep(std::move(content.parameters));
  }

  void take_disposition(BytesView value) {
    if (!part_.disposition.empty()) return;
    auto disposition = parse_disposition(unfold(value));
    if (disposition.kind.empty() || !budget_.take(disposition.kind.size())) return;
    part_.disposition = std::move(disposition.kind);
    part_.disposition_parameters = keep(std::move(disposition.parameters));
  }

  void take_language(BytesView value) {
    if (!part_.language.empty()) return;
    for (auto& tag : parse_tokens(unfold(value))) {
      if (budget_.take(tag.size())) part_.language.push_back(std::move(tag));
    }
  }

  std::vector<Parameter> keep(std::vector<Parameter> parameters) {
    std::erase_if(parameters, [&](const Parameter& p) {
      return !budget_.take(p.name.size() + p.value.size() + p.charset.size() + p.language.size());
    });
    return parameters;
  }

  void take_addresses(std::vector<Address>& place, BytesView value) {
    const auto length = [](const std::optional<std::string>& text) { return text ? text->size() : 0; };
    bool in_group = false;
    for (auto& address : parse_addresses(value)) {
      const bool kept = budget_.take(length(address.name) + length(address.adl) + length(address.mailbox) +
                                     length(address.host));
      if (!kept) break;
      in_group = address.begins_group() || (in_group && !address.ends_group());
      place.push_back(std::move(address));
    }
    if (in_group) place.emplace_back();  // it was cut
  }

  TextBudget& budget_;
  Part& part_;
  Message* message_;
  bool have_type_ = false;
};

}  // namespace

void read_entity_header(BytesView header, const Limits& limits, TextBudget& budget, Part& part,
                        Message* message) {
  EntityHeader entity(budget, part, message);
  FieldReader fields(header);
  while (const auto field = fields.next()) {
    const auto value = field->value.substr(0, limits.field_bytes_max);
    if (text::starts_with_ignoring_case(field->name, "Content-")) {
      entity.take_mime_field(field->name, value);
    } else if (message) {
      entity.take_message_field(field->name, value);
    }
  }
  if (message && message->envelope.date) message->sent = text::parse_rfc5322_date(*message->envelope.date);
}

}  // namespace gridmail::mime
