#include "protocols/smtp/path_parser.hpp"

#include <doctest/doctest.h>

using namespace gridmail::smtp;

namespace {
std::string address_of(std::string_view text) {
  const auto parsed = parse_path(text);
  return parsed ? parsed->path.address + "|" + std::string(parsed->rest) : "none";
}
}  // namespace

TEST_CASE("RFC 5321, 4.1.2: a path is a mailbox in angle brackets, and what follows is left alone") {
  CHECK(address_of("<a@b.test>") == "a@b.test|");
  CHECK(address_of("<a.b+c=d@x-y.test> SIZE=3") == "a.b+c=d@x-y.test| SIZE=3");
  CHECK(address_of("<>") == "|");
  CHECK(address_of("<A@B.Test>") == "A@B.Test|");
}

TEST_CASE("RFC 5321, appendix C: source routes are dropped") {
  CHECK(address_of("<@one.test,@two.test:a@b.test>") == "a@b.test|");
  CHECK(address_of("<@[192.0.2.1]:a@b.test>") == "a@b.test|");
  CHECK(address_of("<@one.test a@b.test>") == "none");
  CHECK(address_of("<@one.test,:a@b.test>") == "none");
}

TEST_CASE("RFC 5321, 4.1.2: quoted local parts are spelled as shortly as they can be") {
  CHECK(address_of("<\"john\"@x.test>") == "john@x.test|");
  CHECK(address_of("<\"jo\\hn\"@x.test>") == "john@x.test|");
  CHECK(address_of("<\"a b\"@x.test>") == "\"a b\"@x.test|");
  CHECK(address_of("<\"a>b@c\"@x.test>") == "\"a>b@c\"@x.test|");
  CHECK(address_of("<\"a\\\"b\\\\\"@x.test>") == "\"a\\\"b\\\\\"@x.test|");
  CHECK(address_of("<\"\"@x.test>") == "\"\"@x.test|");
  CHECK(address_of("<\"a\tb\"@x.test>") == "none");
  CHECK(address_of("<\"a@x.test>") == "none");
}

TEST_CASE("RFC 5321, 4.1.3: address literals are checked") {
  CHECK(address_of("<a@[192.0.2.1]>") == "a@[192.0.2.1]|");
  CHECK(address_of("<a@[IPv6:2001:db8::1]>") == "a@[IPv6:2001:db8::1]|");
  CHECK(address_of("<a@[300.0.2.1]>") == "none");
  CHECK(address_of("<a@[IPv6:zz::1]>") == "none");
  CHECK(address_of("<a@[192.0.2.1>") == "none");
}

TEST_CASE("RFC 5321, 4.1.1.3: only postmaster may stand without a domain") {
  CHECK(address_of("<Postmaster>") == "Postmaster|");
  CHECK(address_of("<root>") == "none");
}

TEST_CASE("malformed paths are refused") {
  for (const char* text : {"", "a@b.test", "<a@b.test", "<a@>", "<@b.test>", "<a@b..test>", "<a@-b.test>",
                           "<a b@c.test>", "<a@b.test.>", "<a@b@c.test>", "< a@b.test>", "<a@b test>"}) {
    CAPTURE(text);
    CHECK(address_of(text) == "none");
  }
  CHECK(address_of("<" + std::string(256, 'a') + "@b.test>") == "none");
  CHECK(address_of("<a@" + std::string(64, 'b') + ".test>") == "none");
}

TEST_CASE("addresses that Japanese carriers gave out are taken though they are no dot-strings") {
  CHECK(address_of("<foo..bar.@docomo.test>") == "foo..bar.@docomo.test|");
}
