#include "protocols/mime/parameter_parser.hpp"

#include <doctest/doctest.h>

using namespace gridmail;
using mime::parse_content_type;

namespace {

/// "type/subtype" then " wire-name=wire-value" of each parameter.
std::string shown(BytesView value) {
  const auto content = parse_content_type(value);
  std::string out = content.type + '/' + content.subtype;
  for (const auto& p : content.parameters) out += ' ' + mime::wire_name(p) + '=' + mime::wire_value(p);
  return out;
}

}  // namespace

TEST_CASE("content types are read (RFC 2045, section 5.1)") {
  CHECK(shown("text/plain") == "text/plain");
  CHECK(shown("TEXT/Plain; Charset=us-ascii (Plain text)") == "text/plain charset=us-ascii");
  CHECK(shown("text/plain; charset=\"us-ascii\"") == "text/plain charset=us-ascii");
  CHECK(shown("text (a) / (b) plain (c); (d) charset (e)") == "text/plain");
  CHECK(shown("multipart/mixed; boundary=\"a \\\"b\\\" ;c\"; x=y") ==
        "multipart/mixed boundary=a \"b\" ;c x=y");
}

TEST_CASE("parameters that wanted quotes are read") {
  CHECK(shown("application/pdf; name=my report (final).pdf; x=1") == "application/pdf name=my report x=1");
  CHECK(shown("application/pdf; name=report(1).pdf") == "application/pdf name=report(1).pdf");
  CHECK(shown("multipart/mixed; boundary==_a/b=") == "multipart/mixed boundary==_a/b=");
  CHECK(shown("text/plain;; charset=utf-8;") == "text/plain charset=utf-8");
  CHECK(shown("text/plain; charset") == "text/plain");
  CHECK(shown("text/plain; name=\"open") == "text/plain name=open");
}

TEST_CASE("what is no content type is text/plain, with its parameters (RFC 2045, section 5.2)") {
  for (const auto* value : {"", "text", "/plain", "text/", "text/plain/x", "\"text\"/plain"}) {
    CAPTURE(value);
    CHECK(shown(value) == "text/plain");
  }
  CHECK(shown("text; charset=utf-8") == "text/plain charset=utf-8");
  CHECK(shown("; charset=utf-8") == "text/plain charset=utf-8");
}

TEST_CASE("continuations are put together (RFC 2231, section 3)") {
  CHECK(shown("message/external-body; access-type=URL; URL*0=\"ftp://\"; URL*1=\"cs.utk.edu/pub/\"") ==
        "message/external-body access-type=URL url=ftp://cs.utk.edu/pub/");
  CHECK(shown("a/b; n*1=two; n*0=one; m=x; n*2=three") == "a/b n=onetwothree m=x");
  CHECK(shown("a/b; n*0=one; n*2=lost") == "a/b n=one");
}

TEST_CASE("charset and language of parameters are kept (RFC 2231, sections 4 and 4.1)") {
  const auto content = parse_content_type(
      "application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; "
      "title*1*=%2A%2A%2Afun%2A%2A%2A%20; "
      "title*2=\"isn't it!\"");
  REQUIRE(content.parameters.size() == 1);
  const auto& title = content.parameters.front();
  CHECK(title.charset == "us-ascii");
  CHECK(title.language == "en");
  CHECK(title.value == "This is even more ***fun*** isn't it!");
  CHECK(mime::wire_name(title) == "title*");
  CHECK(mime::wire_value(title) ==
        "us-ascii'en'This%20is%20even%20more%20%2A%2A%2Afun%2A%2A%2A%20isn%27t%20it!");
}

TEST_CASE("names of files are given in UTF-8") {
  const auto name = [](BytesView value) {
    return mime::utf8_value(mime::parse_disposition(value).parameters.at(0));
  };
  CHECK(name("attachment; filename*=iso-8859-1''na%EFve.txt") == "na\xc3\xafve.txt");
  CHECK(name("attachment; filename=\"=?utf-8?q?na=C3=AFve.txt?=\"") == "na\xc3\xafve.txt");
  CHECK(name("attachment; filename=\"na\xefve.txt\"") == "na\xc3\xafve.txt");
  CHECK(name("attachment; filename*=%zz'") == "%zz'");
}

TEST_CASE("no value holds NUL or a line end, encoded or not") {
  CHECK(mime::parse_disposition("inline; filename*=''a%00%0d%0ab").parameters.at(0).value == "ab");
}

TEST_CASE("dispositions, tokens and lists of tokens are read") {
  const auto disposition = mime::parse_disposition("Attachment; filename=a.txt; size=12");
  CHECK(disposition.kind == "attachment");
  CHECK(disposition.parameters.size() == 2);
  CHECK(mime::parse_token(" (c) Base64 ;") == "base64");
  CHECK(mime::parse_tokens("de, (c) en-GB,,fr") == std::vector<std::string>{"de", "en-GB", "fr"});
  CHECK(mime::parse_tokens("").empty());
}
