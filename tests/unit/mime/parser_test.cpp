#include "protocols/mime/parser.hpp"

#include <doctest/doctest.h>

#include "protocols/mime/structure_check.hpp"

using namespace gridmail;
using mime::Kind;
using mime::PartIndex;

namespace {

mime::Structure parsed(BytesView message) {
  auto structure = mime::parse(message);
  CHECK(mime::broken_invariant(structure) == "");
  return structure;
}

/// The tree as "multipart/mixed(text/plain text/html)".
std::string tree(const mime::Structure& structure, PartIndex index = 0) {
  const auto& part = structure.parts[index];
  auto out = part.type + '/' + part.subtype;
  if (part.children.empty()) return out;
  out += '(';
  for (const auto child : part.children) {
    if (out.back() != '(') out += ' ';
    out += tree(structure, child);
  }
  return out + ')';
}

BytesView body_of(const mime::Structure& structure, PartIndex part, BytesView message) {
  return message.substr(structure.parts[part].body_start(), structure.parts[part].body_length);
}

}  // namespace

TEST_CASE("a plain message has its envelope and one part") {
  constexpr BytesView message =
      "Date: Fri, 21 Nov 1997 09:55:06 -0600\r\n"
      "From: John Doe <jdoe@machine.example>\r\n"
      "To: Mary <mary@example.net>\r\n"
      "To: again@example.net\r\n"
      "Subject: Saying\r\n Hello\r\n"
      "Message-ID: <1234@local.machine.example>\r\n"
      "References: <1@x> <2@x>\r\n"
      "In-Reply-To: <2@x>\r\n"
      "\r\n"
      "Hello.\r\nSo long.\r\n";
  const auto structure = parsed(message);
  const auto& envelope = structure.message().envelope;
  CHECK(tree(structure) == "text/plain");
  CHECK(structure.size == message.size());
  CHECK(body_of(structure, 0, message) == "Hello.\r\nSo long.\r\n");
  CHECK(structure.root().body_lines == 2);
  CHECK(envelope.date == "Fri, 21 Nov 1997 09:55:06 -0600");
  CHECK(envelope.subject == "Saying Hello");
  CHECK(envelope.message_id == "<1234@local.machine.example>");
  CHECK(envelope.in_reply_to == "<2@x>");
  CHECK(structure.message().references == "<1@x> <2@x>");
  CHECK(structure.message().sent == text::DateTime{880127706, -360});
  CHECK(envelope.to.size() == 2);
  CHECK(envelope.from.at(0).name == "John Doe");
  CHECK(envelope.cc.empty());
}

TEST_CASE("a multipart's parts end before the line end in front of the delimiter (RFC 2046, section 5.1.1)") {
  constexpr BytesView message =
      "Content-Type: multipart/mixed; boundary=\"simple boundary\"\r\n"
      "\r\n"
      "This is the preamble.\r\n"
      "--simple boundary\r\n"
      "\r\n"
      "No line break at the end.\r\n"
      "--simple boundary  \r\n"
      "Content-type: text/html; charset=utf-8\r\n"
      "Content-ID: <a@b>\r\n"
      "Content-Description: some text\r\n"
      "Content-Disposition: attachment; filename=a.html\r\n"
      "Content-Transfer-Encoding: Quoted-Printable\r\n"
      "Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\r\n"
      "Content-Language: en, de\r\n"
      "Content-Location: http://x.test/\r\n"
      "\r\n"
      "One line break.\r\n"
      "\r\n"
      "--simple boundary--\r\n"
      "This is the epilogue.\r\n";
  const auto structure = parsed(message);
  CHECK(tree(structure) == "multipart/mixed(text/plain text/html)");
  CHECK(body_of(structure, 1, message) == "No line break at the end.");
  CHECK(structure.parts[1].body_lines == 0);
  CHECK(structure.parts[1].header_length == 2);
  CHECK(body_of(structure, 2, message) == "One line break.\r\n");
  const auto& html = structure.parts[2];
  CHECK(html.body_lines == 1);
  CHECK(html.id == "<a@b>");
  CHECK(html.description == "some text");
  CHECK(html.disposition == "attachment");
  CHECK(html.disposition_parameters.at(0).value == "a.html");
  CHECK(html.encoding == "quoted-printable");
  CHECK(html.md5 == "Q2hlY2sgSW50ZWdyaXR5IQ==");
  CHECK(html.language == std::vector<std::string>{"en", "de"});
  CHECK(html.location == "http://x.test/");
  CHECK(structure.root().body().end() == message.size());
}

TEST_CASE("an embedded message has an envelope and parts of its own") {
  constexpr BytesView message =
      "Subject: outer\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n"
      "--o\r\nContent-Type: message/rfc822\r\n\r\n"
      "Subject: inner\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n"
      "--i\r\n\r\nplain\r\n--i\r\nContent-Type: text/html\r\n\r\n<p>\r\n--i--\r\n"
      "--o\r\n\r\nafter\r\n--o--\r\n";
  const auto structure = parsed(message);
  CHECK(tree(structure) ==
        "multipart/mixed(message/rfc822(multipart/alternative(text/plain text/html)) text/plain)");
  REQUIRE(structure.messages.size() == 2);
  CHECK(structure.message().envelope.subject == "outer");
  CHECK(structure.parts[1].message == 1);
  CHECK(structure.messages[1].root == 2);
  CHECK(structure.messages[1].envelope.subject == "inner");
}

TEST_CASE("parts of a digest are messages unless they say otherwise (RFC 2046, section 5.1.5)") {
  const auto structure = parsed(
      "Content-Type: multipart/digest; boundary=d\r\n\r\n"
      "--d\r\n\r\nSubject: one\r\n\r\nbody\r\n--d\r\nContent-Type: text/plain\r\n\r\ntext\r\n--d--\r\n");
  CHECK(tree(structure) == "multipart/digest(message/rfc822(text/plain) text/plain)");
  CHECK(structure.messages.at(1).envelope.subject == "one");
}

TEST_CASE("a delimiter of an outer multipart ends what is inside") {
  const auto structure = parsed(
      "Content-Type: multipart/mixed; boundary=outer\r\n\r\n"
      "--outer\r\nContent-Type: multipart/mixed; boundary=inner\r\n\r\n"
      "--inner\r\n\r\nnever closed\r\n"
      "--outer\r\nContent-Type: text/html\r\n\r\nnext\r\n--outer--\r\n"
      "--inner\r\n\r\nepilogue, no part\r\n");
  CHECK(tree(structure) == "multipart/mixed(multipart/mixed(text/plain) text/html)");
}

TEST_CASE("a boundary that begins another one is not taken for it") {
  const auto structure = parsed(
      "Content-Type: multipart/mixed; boundary=bound\r\n\r\n"
      "--bound\r\nContent-Type: multipart/mixed; boundary=bound2\r\n\r\n"
      "--bound2\r\n\r\none\r\n--bound2\r\n\r\ntwo\r\n--bound2--\r\n"
      "--bound\r\n\r\nthree\r\n--bound--\r\n");
  CHECK(tree(structure) == "multipart/mixed(multipart/mixed(text/plain text/plain) text/plain)");
}

TEST_CASE("of equal boundaries the outer one counts") {
  const auto structure = parsed(
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
      "--b\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
      "--b\r\n\r\none\r\n--b--\r\n");
  CHECK(tree(structure) == "multipart/mixed(multipart/alternative(text/plain) text/plain)");
}

TEST_CASE("a missing last delimiter ends the part with the message") {
  constexpr BytesView message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nrest\r\n";
  const auto structure = parsed(message);
  CHECK(tree(structure) == "multipart/mixed(text/plain)");
  CHECK(body_of(structure, 1, message) == "rest\r\n");
}

TEST_CASE("a multipart without delimiters holds its body as one text") {
  constexpr BytesView message = "Content-Type: multipart/mixed; boundary=b\r\n\r\nsome\r\ntext\r\n";
  const auto structure = parsed(message);
  CHECK(tree(structure) == "multipart/mixed(text/plain)");
  CHECK(body_of(structure, 1, message) == "some\r\ntext\r\n");
  CHECK(structure.parts[1].header_length == 0);
  CHECK(tree(parsed("Content-Type: multipart/mixed\r\n\r\n--\r\n\r\n")) == "multipart/mixed(text/plain)");
}

TEST_CASE("a part that ends in its header has an empty body") {
  const auto structure =
      parsed("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n--b--\r\n");
  CHECK(tree(structure) == "multipart/mixed(text/html)");
  CHECK(structure.parts[1].body_length == 0);
}

TEST_CASE("bare line feeds end lines too") {
  constexpr BytesView message =
      "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo\n--b--\n";
  const auto structure = parsed(message);
  CHECK(tree(structure) == "multipart/mixed(text/plain text/plain)");
  CHECK(body_of(structure, 1, message) == "one");
  CHECK(body_of(structure, 2, message) == "two");
}

TEST_CASE("a content type that cannot be read is text/plain (RFC 2045, section 5.2)") {
  CHECK(tree(parsed("Content-Type: nonsense\r\n\r\nx")) == "text/plain");
  CHECK(tree(parsed("Content-Type: text/html\r\nContent-Type: text/plain\r\n\r\nx")) == "text/html");
}
