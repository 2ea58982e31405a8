#include "protocols/mime/structure_codec.hpp"

#include <limits>

#include "protocols/mime/structure.pb.h"
#include "protocols/mime/structure_check.hpp"

namespace gridmail::mime {
namespace {

// --- to records ---

void encode_parameter(const Parameter& from, records::Parameter& to) {
  to.set_name(from.name);
  to.set_value(from.value);
  to.set_charset(from.charset);
  to.set_language(from.language);
  to.set_extended(from.extended);
}

void encode_address(const Address& from, records::Address& to) {
  if (from.name) to.set_name(*from.name);
  if (from.adl) to.set_adl(*from.adl);
  if (from.mailbox) to.set_mailbox(*from.mailbox);
  if (from.host) to.set_host(*from.host);
}

template <class Records>
void encode_addresses(const std::vector<Address>& from, Records* to) {
  for (const auto& address : from) encode_address(address, *to->Add());
}

void encode_envelope(const Envelope& from, records::Envelope& to) {
  if (from.date) to.set_date(*from.date);
  if (from.subject) to.set_subject(*from.subject);
  if (from.in_reply_to) to.set_in_reply_to(*from.in_reply_to);
  if (from.message_id) to.set_message_id(*from.message_id);
  encode_addresses(from.from, to.mutable_from());
  encode_addresses(from.sender, to.mutable_sender());
  encode_addresses(from.reply_to, to.mutable_reply_to());
  encode_addresses(from.to, to.mutable_to());
  encode_addresses(from.cc, to.mutable_cc());
  encode_addresses(from.bcc, to.mutable_bcc());
}

void encode_message(const Message& from, records::Message& to) {
  to.set_root(from.root);
  encode_envelope(from.envelope, *to.mutable_envelope());
  if (from.references) to.set_references(*from.references);
  if (!from.sent) return;
  to.mutable_sent()->set_utc_seconds(from.sent->utc_seconds);
  to.mutable_sent()->set_zone_minutes(from.sent->zone_minutes);
}

void encode_part(const Part& from, records::Part& to) {
  to.set_kind(static_cast<std::uint32_t>(from.kind));
  to.set_parent(from.parent);
  if (from.message) to.set_message(*from.message);
  to.set_header_start(from.header_start);
  to.set_header_length(from.header_length);
  to.set_body_length(from.body_length);
  to.set_body_lines(from.body_lines);
  if (from.type != "text") to.set_type(from.type);
  if (from.subtype != "plain") to.set_subtype(from.subtype);
  for (const auto& parameter : from.parameters) encode_parameter(parameter, *to.add_parameters());
  if (from.id) to.set_id(*from.id);
  if (from.description) to.set_description(*from.description);
  to.set_encoding(from.encoding);
  if (from.md5) to.set_md5(*from.md5);
  to.set_disposition(from.disposition);
  for (const auto& parameter : from.disposition_parameters) {
    encode_parameter(parameter, *to.add_disposition_parameters());
  }
  for (const auto& tag : from.language) to.add_language(tag);
  if (from.location) to.set_location(*from.location);
}

// --- from records ---

template <class Records>
std::vector<Parameter> decode_parameters(const Records& from) {
  std::vector<Parameter> parameters;
  parameters.reserve(static_cast<std::size_t>(from.size()));
  for (const auto& record : from) {
    parameters.push_back(
        {record.name(), record.value(), record.charset(), record.language(), record.extended()});
  }
  return parameters;
}

template <class Records>
std::vector<Address> decode_addresses(const Records& from) {
  std::vector<Address> addresses;
  addresses.reserve(static_cast<std::size_t>(from.size()));
  for (const auto& record : from) {
    auto& address = addresses.emplace_back();
    if (record.has_name()) address.name = record.name();
    if (record.has_adl()) address.adl = record.adl();
    if (record.has_mailbox()) address.mailbox = record.mailbox();
    if (record.has_host()) address.host = record.host();
  }
  return addresses;
}

Envelope decode_envelope(const records::Envelope& from) {
  Envelope envelope;
  if (from.has_date()) envelope.date = from.date();
  if (from.has_subject()) envelope.subject = from.subject();
  if (from.has_in_reply_to()) envelope.in_reply_to = from.in_reply_to();
  if (from.has_message_id()) envelope.message_id = from.message_id();
  envelope.from = decode_addresses(from.from());
  envelope.sender = decode_addresses(from.sender());
  envelope.reply_to = decode_addresses(from.reply_to());
  envelope.to = decode_addresses(from.to());
  envelope.cc = decode_addresses(from.cc());
  envelope.bcc = decode_addresses(from.bcc());
  return envelope;
}

Message decode_message(const records::Message& from) {
  Message message;
  message.root = from.root();
  message.envelope = decode_envelope(from.envelope());
  if (from.has_references()) message.references = from.references();
  if (from.has_sent()) {
    message.sent =
        text::DateTime{from.sent().utc_seconds(), static_cast<std::int16_t>(from.sent().zone_minutes())};
  }
  return message;
}

Part decode_part(const records::Part& from) {
  Part part;
  part.kind = static_cast<Kind>(from.kind());
  part.parent = from.parent();
  if (from.has_message()) part.message = from.message();
  part.header_start = from.header_start();
  part.header_length = from.header_length();
  part.body_length = from.body_length();
  part.body_lines = from.body_lines();
  if (from.has_type()) part.type = from.type();
  if (from.has_subtype()) part.subtype = from.subtype();
  part.parameters = decode_parameters(from.parameters());
  if (from.has_id()) part.id = from.id();
  if (from.has_description()) part.description = from.description();
  part.encoding = from.encoding();
  if (from.has_md5()) part.md5 = from.md5();
  part.disposition = from.disposition();
  part.disposition_parameters = decode_parameters(from.disposition_parameters());
  part.language.assign(from.language().begin(), from.language().end());
  if (from.has_location()) part.location = from.location();
  return part;
}

}  // namespace

Bytes encode(const Structure& structure) {
  records::Structure record;
  record.set_version(structure.version);
  record.set_size(structure.size);
  for (const auto& part : structure.parts) encode_part(part, *record.add_parts());
  for (const auto& message : structure.messages) encode_message(message, *record.add_messages());
  return record.SerializeAsString();
}

Result<Structure> decode(BytesView bytes) {
  records::Structure record;
  const bool fits = bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max());
  if (!fits || !record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::corrupted, "message structure: not a record");
  }
  Structure structure;
  structure.version = record.version();
  structure.size = record.size();
  structure.parts.reserve(static_cast<std::size_t>(record.parts_size()));
  for (const auto& from : record.parts()) {
    const auto index = static_cast<PartIndex>(structure.parts.size());
    if (from.kind() > static_cast<std::uint32_t>(Kind::message) || (index > 0 && from.parent() >= index)) {
      return fail(Errc::corrupted, "message structure: not a tree");
    }
    structure.parts.push_back(decode_part(from));
    if (index > 0) structure.parts[from.parent()].children.push_back(index);
  }
  for (const auto& from : record.messages()) structure.messages.push_back(decode_message(from));
  if (const auto broken = broken_invariant(structure); !broken.empty()) {
    return fail(Errc::corrupted, "message structure: " + std::string(broken));
  }
  return structure;
}

}  // namespace gridmail::mime
