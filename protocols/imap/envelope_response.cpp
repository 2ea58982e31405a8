#include "protocols/imap/envelope_response.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "protocols/imap/response_writer.hpp"

namespace gridmail::imap {
namespace {

// address         = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"
// env-from        = "(" 1*address ")" / nil
void append_addresses(std::string& out, const std::vector<mime::Address>& addresses) {
  if (addresses.empty()) {
    out.append("NIL");
    return;
  }
  out.push_back('(');
  for (const auto& address : addresses) {
    out.push_back('(');
    append_nstring(out, address.name);
    out.push_back(' ');
    append_nstring(out, address.adl);
    out.push_back(' ');
    append_nstring(out, address.mailbox);
    out.push_back(' ');
    append_nstring(out, address.host);
    out.push_back(')');
  }
  out.push_back(')');
}

// body-fld-param  = "(" string SP string *(SP string SP string) ")" / nil
void append_parameters(std::string& out, const std::vector<mime::Parameter>& parameters) {
  if (parameters.empty()) {
    out.append("NIL");
    return;
  }
  char before = '(';
  for (const auto& parameter : parameters) {
    out.push_back(before);
    before = ' ';
    append_string(out, mime::wire_name(parameter));
    out.push_back(' ');
    append_string(out, mime::wire_value(parameter));
  }
  out.push_back(')');
}

/// A text without charset is US-ASCII (RFC 2045, section 5.2), and BODYSTRUCTURE says so.
std::vector<mime::Parameter> with_charset(const mime::Part& part) {
  std::vector<mime::Parameter> parameters = part.parameters;
  const bool given = std::any_of(parameters.begin(), parameters.end(), [](const mime::Parameter& parameter) {
    return parameter.name == "charset";
  });
  if (!given) {
    mime::Parameter charset;
    charset.name = "charset";
    charset.value = "us-ascii";
    parameters.push_back(std::move(charset));
  }
  return parameters;
}

/// Writes the parts of one message, depth first; the depth is limited by the parser.
class StructureWriter {
 public:
  StructureWriter(std::string& out, const mime::Structure& structure, Extension extension)
      : out_(out), structure_(structure), extended_(extension == Extension::given) {}

  // body            = "(" (body-type-1part / body-type-mpart) ")"
  void body(const mime::Part& part) {
    out_.push_back('(');
    if (part.kind == mime::Kind::multipart) {
      multipart(part);
    } else {
      single_part(part);
    }
    out_.push_back(')');
  }

 private:
  // body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]
  // body-ext-mpart  = body-fld-param [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc …]]]
  void multipart(const mime::Part& part) {
    for (const auto child : part.children) body(structure_.parts[child]);
    out_.push_back(' ');
    append_string(out_, part.subtype);
    if (!extended_) return;
    out_.push_back(' ');
    append_parameters(out_, part.parameters);
    disposition_language_location(part);
  }

  // body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]
  // body-ext-1part  = body-fld-md5 [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc …]]]
  void single_part(const mime::Part& part) {
    append_string(out_, part.type);
    out_.push_back(' ');
    append_string(out_, part.subtype);
    out_.push_back(' ');
    fields(part);
    if (part.kind == mime::Kind::message && part.message) embedded(part);
    if (part.type == "text") {
      out_.push_back(' ');
      append_number(out_, part.body_lines);
    }
    if (!extended_) return;
    out_.push_back(' ');
    append_nstring(out_, part.md5);
    disposition_language_location(part);
  }

  // body-fields     = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP body-fld-octets
  void fields(const mime::Part& part) {
    append_parameters(out_, part.type == "text" ? with_charset(part) : part.parameters);
    out_.push_back(' ');
    append_nstring(out_, part.id);
    out_.push_back(' ');
    append_nstring(out_, part.description);
    out_.push_back(' ');
    append_string(out_, part.encoding.empty() ? "7bit" : part.encoding);
    out_.push_back(' ');
    append_number(out_, part.body_length);
  }

  // body-type-msg   = media-message SP body-fields SP envelope SP body SP body-fld-lines
  void embedded(const mime::Part& part) {
    const mime::Message& message = structure_.messages[*part.message];
    out_.push_back(' ');
    append_envelope(out_, message.envelope);
    out_.push_back(' ');
    body(structure_.parts[message.root]);
    out_.push_back(' ');
    append_number(out_, part.body_lines);
  }

  // body-fld-dsp    = "(" string SP body-fld-param ")" / nil
  // body-fld-lang   = nstring / "(" string *(SP string) ")"
  void disposition_language_location(const mime::Part& part) {
    out_.push_back(' ');
    if (part.disposition.empty()) {
      out_.append("NIL");
    } else {
      out_.push_back('(');
      append_string(out_, part.disposition);
      out_.push_back(' ');
      append_parameters(out_, part.disposition_parameters);
      out_.push_back(')');
    }
    out_.push_back(' ');
    languages(part.language);
    out_.push_back(' ');
    append_nstring(out_, part.location);
  }

  void languages(const std::vector<std::string>& languages) {
    if (languages.empty()) {
      out_.append("NIL");
      return;
    }
    char before = '(';
    for (const auto& language : languages) {
      out_.push_back(before);
      before = ' ';
      append_string(out_, language);
    }
    out_.push_back(')');
  }

  std::string& out_;
  const mime::Structure& structure_;
  bool extended_;
};

}  // namespace

// envelope        = "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP env-cc
// SP
//                   env-bcc SP env-in-reply-to SP env-message-id ")"
void append_envelope(std::string& out, const mime::Envelope& envelope) {
  // Section 7.4.2: sender and reply-to default to from when they are missing or empty.
  const auto& sender = envelope.sender.empty() ? envelope.from : envelope.sender;
  const auto& reply_to = envelope.reply_to.empty() ? envelope.from : envelope.reply_to;
  out.push_back('(');
  append_nstring(out, envelope.date);
  out.push_back(' ');
  append_nstring(out, envelope.subject);
  for (const auto* addresses :
       {&envelope.from, &sender, &reply_to, &envelope.to, &envelope.cc, &envelope.bcc}) {
    out.push_back(' ');
    append_addresses(out, *addresses);
  }
  out.push_back(' ');
  append_nstring(out, envelope.in_reply_to);
  out.push_back(' ');
  append_nstring(out, envelope.message_id);
  out.push_back(')');
}

void append_body_structure(std::string& out, const mime::Structure& structure, Extension extension) {
  StructureWriter(out, structure, extension).body(structure.root());
}

}  // namespace gridmail::imap
