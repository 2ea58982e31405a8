#include "protocols/smtp_client/reply_parser.hpp"

#include <doctest/doctest.h>

#include "protocols/smtp_client/extensions.hpp"

using namespace gridmail;
using namespace gridmail::smtp;

namespace {

Result<std::optional<RemoteReply>> parse(std::initializer_list<std::string_view> lines) {
  ReplyParser parser;
  Result<std::optional<RemoteReply>> last = std::optional<RemoteReply>();
  for (const auto line : lines) {
    last = parser.feed(line);
    if (!last) return last;
  }
  return last;
}

}  // namespace

TEST_CASE("RFC 5321, section 4.2.1: a reply is one line or several of one code") {
  CHECK((**parse({"250 ok"})).text() == "250 ok");
  CHECK((**parse({"250"})).text() == "250 ");
  CHECK((**parse({"250 "})).code == 250);
  const auto several = **parse({"550-5.1.1 first", "550-5.1.1 second", "550 5.1.1 third"});
  CHECK(several.enhanced == "5.1.1");
  CHECK(several.text() == "550 5.1.1 first second third");
  CHECK(!*parse({"250-more"}));
}

TEST_CASE("what is no reply is an error, whatever it is") {
  for (const auto line :
       {"", "2", "25", "99 x", "199 x", "650 x", "25a ok", "250ok", "250+ok", " 250 ok", "HTTP/1.1 200"})
    CHECK_MESSAGE(!parse({line}), line);
  CHECK(!parse({"250-one", "251 other"}));
  ReplyParser parser;
  Result<std::optional<RemoteReply>> last = std::optional<RemoteReply>();
  for (std::size_t i = 0; i <= ReplyParser::lines_max && last; ++i) last = parser.feed("250-for ever");
  CHECK(!last);
}

TEST_CASE("a reply is shown on one line, printable and not for ever") {
  CHECK((**parse({std::string_view("550 a\0b\x1b[2Jc", 12)})).text() == "550 a?b?[2Jc");
  const std::string far(5000, 'x');
  CHECK((**parse({"550 " + far})).text().size() == 512);
}

TEST_CASE("RFC 2034, section 4: an enhanced code counts only in its own class") {
  CHECK((**parse({"450 4.2.2 full"})).status() == "4.2.2");
  CHECK((**parse({"450 5.2.2 full"})).status() == "4.0.0");
  CHECK((**parse({"550 5.1234.1 x"})).status() == "5.0.0");
  CHECK((**parse({"550 5.. x"})).status() == "5.0.0");
  CHECK((**parse({"550 5.7.1"})).status() == "5.7.1");
}

TEST_CASE("extensions are known by keyword, in any case") {
  const auto extensions = parse_extensions(
      **parse({"250-mx.test DSN", "250-pipelining", "250-SIZE 1000", "250-8BitMime", "250-AUTH=LOGIN",
               "250-AUTH  CRAM-MD5 plain", "250-XCLIENT NAME", "250 STARTTLS"}));
  CHECK(extensions.pipelining);
  CHECK(extensions.size_max == 1000);
  CHECK(extensions.eight_bit);
  CHECK(extensions.auth_plain);
  CHECK(!extensions.auth_login);
  CHECK(extensions.start_tls);
  CHECK(!extensions.dsn);
  CHECK(parse_extensions(**parse({"250-x", "250 SIZE"})).size);
  CHECK(parse_extensions(**parse({"250-x", "250 SIZE 99999999999999999999999"})).size_max == 0);
}
