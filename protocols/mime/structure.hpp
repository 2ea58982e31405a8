// The parsed form of a message, kept beside it: what IMAP's ENVELOPE, BODYSTRUCTURE, sections and SEARCH need
// without reading the message again. Plain values; no reference to the message's bytes.
//
// Everything is as the message says it: no defaults of IMAP are filled in (charset of text, sender from
// from). No string holds CR, LF or NUL; strings of headers may hold any other byte, 8-bit ones too.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocols/mime/address.hpp"
#include "protocols/text/date.hpp"

namespace gridmail::mime {

/// Raised when the parser finds other values in the same bytes; a stored structure with a lower one is made
/// anew.
inline constexpr std::uint32_t parser_version = 1;

/// Bytes of the message as stored.
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  [[nodiscard]] std::uint64_t end() const { return offset + length; }
  bool operator==(const ByteRange&) const = default;
};

/// One parameter of Content-Type or Content-Disposition, continuations of RFC 2231 put together.
struct Parameter {
  std::string name;       ///< lower case, without '*'
  std::string value;      ///< quotes and percent-encoding undone; bytes in `charset` where that is given
  std::string charset;    ///< RFC 2231, section 4; empty unless extended
  std::string language;   ///< likewise
  bool extended = false;  ///< was written as name*=charset'language'value
  bool operator==(const Parameter&) const = default;
};

/// As BODYSTRUCTURE gives it: "filename*" for an extended parameter.
[[nodiscard]] std::string wire_name(const Parameter& parameter);
/// As BODYSTRUCTURE gives it: "utf-8''na%C3%AFve.txt" for an extended parameter.
[[nodiscard]] std::string wire_value(const Parameter& parameter);
/// The value as UTF-8, for people: charset decoded, encoded-words (which do not belong there, but occur) too.
[[nodiscard]] std::string utf8_value(const Parameter& parameter);

/// Index into Structure::parts.
using PartIndex = std::uint32_t;
/// Index into Structure::messages.
using MessageIndex = std::uint32_t;

enum class Kind : std::uint8_t {
  leaf,       ///< text or other content
  multipart,  ///< has one child or more
  message,    ///< message/rfc822 or message/global: has one child, the embedded message's root part
};

/// One MIME entity. The root of a message (the whole one or an embedded one) has that message's header as its
/// own.
struct Part {
  Kind kind = Kind::leaf;
  PartIndex parent = 0;                 ///< the root is its own parent
  std::vector<PartIndex> children;      ///< in message order, ascending
  std::optional<MessageIndex> message;  ///< kind message: the embedded message

  std::uint64_t header_start = 0;
  std::uint64_t header_length = 0;  ///< with the empty line that ends it, where there is one
  std::uint64_t body_length = 0;    ///< octets as stored (transfer-encoded)
  std::uint64_t body_lines = 0;     ///< line feeds in the body
  [[nodiscard]] std::uint64_t body_start() const { return header_start + header_length; }
  [[nodiscard]] ByteRange header() const { return {header_start, header_length}; }
  [[nodiscard]] ByteRange body() const { return {body_start(), body_length}; }

  std::string type = "text";      ///< lower case
  std::string subtype = "plain";  ///< lower case
  std::vector<Parameter> parameters;
  std::optional<std::string> id;           ///< Content-ID as written, with its brackets
  std::optional<std::string> description;  ///< may hold encoded-words
  std::string encoding;                    ///< lower case; empty when not given, which means 7bit
  std::optional<std::string> md5;
  std::string disposition;  ///< lower case; empty when not given
  std::vector<Parameter> disposition_parameters;
  std::vector<std::string> language;
  std::optional<std::string> location;
  bool operator==(const Part&) const = default;
};

/// RFC 3501, section 7.4.2: the fields' values unfolded; nothing where the field is missing. The first of a
/// repeated field counts; addresses of repeated fields are joined.
struct Envelope {
  std::optional<std::string> date, subject, in_reply_to, message_id;
  std::vector<Address> from, sender, reply_to, to, cc, bcc;
  bool operator==(const Envelope&) const = default;
};

/// The whole message or one embedded in it.
struct Message {
  PartIndex root = 0;
  Envelope envelope;
  std::optional<text::DateTime> sent;     ///< Date: as read, for SEARCH SENT… and SORT
  std::optional<std::string> references;  ///< unfolded, for THREAD
  bool operator==(const Message&) const = default;
};

/// Invariants: parts[0] is the whole message; a parent comes before its children; children lie in their
/// parent's body, ascending and disjoint; messages[0] is the whole message, every other one is held by
/// exactly one part of kind message.
struct Structure {
  std::uint32_t version = parser_version;
  std::uint64_t size = 0;  ///< octets of the message
  std::vector<Part> parts;
  std::vector<Message> messages;

  [[nodiscard]] const Part& root() const { return parts.front(); }
  [[nodiscard]] const Message& message() const { return messages.front(); }
  bool operator==(const Structure&) const = default;
};

}  // namespace gridmail::mime
