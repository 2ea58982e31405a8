// Prints what the MIME parser finds in a message as JSON, for tests/integration/test_mime_oracle.py, which
// compares it with what Python's email package finds. Usage: mime_dump FILE...; one JSON document a line.
#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "node/base/bytes.hpp"
#include "protocols/mime/parser.hpp"
#include "protocols/mime/part_text.hpp"
#include "protocols/mime/reencoding.hpp"
#include "protocols/mime/structure_check.hpp"
#include "protocols/mime/structure_codec.hpp"

namespace {

using namespace gridmail;
using Json = nlohmann::json;

/// Bytes as they are: Latin-1 read as Unicode, which JSON can carry.
std::string latin1(BytesView bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out.push_back(c);
    } else {
      out.push_back(static_cast<char>(0xc0 | byte >> 6));
      out.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
    }
  }
  return out;
}

Json optional_text(const std::optional<std::string>& text) {
  return text ? Json(latin1(*text)) : Json();
}

Json parameters_of(const std::vector<mime::Parameter>& parameters) {
  Json out = Json::array();
  for (const auto& p : parameters) {
    out.push_back({{"name", latin1(p.name)},
                   {"value", latin1(p.value)},
                   {"charset", latin1(p.charset)},
                   {"extended", p.extended}});
  }
  return out;
}

Json addresses_of(const std::vector<mime::Address>& addresses) {
  Json out = Json::array();
  for (const auto& a : addresses) {
    out.push_back({{"name", optional_text(a.name)},
                   {"mailbox", optional_text(a.mailbox)},
                   {"host", optional_text(a.host)}});
  }
  return out;
}

Json envelope_of(const mime::Message& message) {
  const auto& e = message.envelope;
  Json out{{"date", optional_text(e.date)},
           {"subject", optional_text(e.subject)},
           {"message_id", optional_text(e.message_id)},
           {"in_reply_to", optional_text(e.in_reply_to)},
           {"references", optional_text(message.references)},
           {"from", addresses_of(e.from)},
           {"to", addresses_of(e.to)},
           {"cc", addresses_of(e.cc)}};
  if (message.sent) out["sent"] = {message.sent->utc_seconds, message.sent->zone_minutes};
  return out;
}

Json part_of(const mime::Structure& structure, mime::PartIndex index, BytesView message) {
  const auto& part = structure.parts[index];
  const auto body = message.substr(part.body_start(), part.body_length);
  Json out{{"type", part.type + '/' + part.subtype},
           {"parameters", parameters_of(part.parameters)},
           {"encoding", latin1(part.encoding)},
           {"disposition", latin1(part.disposition)},
           {"disposition_parameters", parameters_of(part.disposition_parameters)},
           {"id", optional_text(part.id)},
           {"description", optional_text(part.description)},
           {"lines", part.body_lines},
           {"children", Json::array()}};
  if (part.message) out["envelope"] = envelope_of(structure.messages[*part.message]);
  if (part.kind == mime::Kind::leaf) {
    out["payload"] = to_base64(mime::decoded_body(part, body));
    out["stored"] = to_base64(body);
  }
  for (const auto child : part.children) out["children"].push_back(part_of(structure, child, message));
  return out;
}

bool dump(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string message{std::istreambuf_iterator<char>(file), {}};
  if (!file.good() && !file.eof()) return false;
  const auto structure = mime::parse(message);
  const auto decoded = mime::decode(mime::encode(structure));
  if (!mime::broken_invariant(structure).empty() || !decoded || *decoded != structure) {
    std::cerr << path << ": structure breaks its invariants\n";
    return false;
  }
  Json out{{"envelope", envelope_of(structure.message())}, {"root", part_of(structure, 0, message)}};
  const auto seven_bit = mime::reencode(message, mime::Carrier::seven_bit);
  out["seven_bit"] = seven_bit ? Json(to_base64(*seven_bit)) : Json(nullptr);
  std::cout << out.dump() << '\n';
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  bool good = count > 1;
  for (int i = 1; i < count; ++i) good = dump(arguments[i]) && good;
  return good ? 0 : 1;
}
