#include "protocols/imap/response_writer.hpp"

#include <doctest/doctest.h>

#include "protocols/imap/crlf_converter.hpp"
#include "protocols/imap/envelope_response.hpp"
#include "protocols/mime/parser.hpp"

namespace gridmail::imap {
namespace {

std::string string(std::string_view value) {
  std::string out;
  append_string(out, value);
  return out;
}

TEST_CASE("RFC 3501, 9: strings are quoted where they can be, else literals") {
  CHECK(string("") == "\"\"");
  CHECK(string("a \"b\" \\") == "\"a \\\"b\\\" \\\\\"");
  CHECK(string("\xc3\xa9") == "{2}\r\n\xc3\xa9");
  CHECK(string("a\r\nb") == "{4}\r\na\r\nb");
}

TEST_CASE("mailbox names that look like NIL are quoted") {
  std::string out;
  append_mailbox(out, "NIL");
  out += ' ';
  append_mailbox(out, "Entw\xc3\xbcrfe");
  out += ' ';
  append_mailbox(out, "Sent Items");
  CHECK(out == "\"NIL\" Entw&APw-rfe \"Sent Items\"");
}

TEST_CASE("RFC 4315, 3: COPYUID keeps the pairs in order") {
  const std::vector<std::pair<Uid, Uid>> pairs = {{304, 3956}, {319, 3957}, {320, 3958}};
  CHECK(copyuid(38505, pairs) == "COPYUID 38505 304,319:320 3956:3958");
}

TEST_CASE("dates before 1970 round down to their second") {
  std::string out;
  append_internal_date(out, -1, 0);
  CHECK(out == "\"31-Dec-1969 23:59:59 +0000\"");
}

TEST_CASE("RFC 3501, 7.4.2: sender and reply-to are taken from from") {
  const auto structure = mime::parse("From: A <a@b.c>\r\nSubject: hi\r\n\r\nx\r\n");
  std::string out;
  append_envelope(out, structure.message().envelope);
  CHECK(out ==
        "(NIL \"hi\" ((\"A\" NIL \"a\" \"b.c\")) ((\"A\" NIL \"a\" \"b.c\")) ((\"A\" NIL \"a\" \"b.c\")) "
        "NIL NIL NIL NIL NIL)");
}

TEST_CASE("RFC 3501, 7.4.2: BODYSTRUCTURE of a plain text, with and without extension data") {
  const auto structure = mime::parse("Subject: hi\r\n\r\nx\r\ny\r\n");
  std::string body, extended;
  append_body_structure(body, structure, Extension::left_out);
  append_body_structure(extended, structure, Extension::given);
  CHECK(body == "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 6 2)");
  CHECK(extended == "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 6 2 NIL NIL NIL NIL)");
}

TEST_CASE("RFC 3501, 7.4.2: BODYSTRUCTURE of a multipart with an embedded message") {
  const auto structure = mime::parse(
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
      "--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Disposition: inline\r\n\r\n<p>\r\n"
      "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ntext\r\n--b--\r\n");
  std::string out;
  append_body_structure(out, structure, Extension::given);
  CHECK(out ==
        "((\"text\" \"html\" (\"charset\" \"utf-8\") NIL NIL \"7bit\" 3 0 NIL (\"inline\" NIL) NIL NIL)"
        "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 19 "
        "(NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) "
        "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 4 0 NIL NIL NIL NIL) 2 "
        "NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)");
}

TEST_CASE("bare LF becomes CRLF, however the message is cut") {
  const std::string message = "a\nb\r\nc\n\n\r\nd\re\r";
  for (std::size_t piece = 1; piece <= message.size(); ++piece) {
    CrlfConverter converter;
    std::string out;
    for (std::size_t at = 0; at < message.size(); at += piece)
      converter.convert(message.substr(at, piece), out);
    CHECK(out == "a\r\nb\r\nc\r\n\r\n\r\nd\re\r");
    CHECK_FALSE(converter.saw_nul());
  }
}

}  // namespace
}  // namespace gridmail::imap
