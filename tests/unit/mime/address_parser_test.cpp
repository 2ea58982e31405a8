#include "protocols/mime/address.hpp"

#include <doctest/doctest.h>

using namespace gridmail;
using mime::parse_addresses;

namespace {

/// "name|adl|mailbox|host; …", "-" for what is not there.
std::string shown(BytesView value) {
  std::string out;
  const auto text = [](const std::optional<std::string>& part) { return part.value_or("-"); };
  for (const auto& a : parse_addresses(value)) {
    if (!out.empty()) out += "; ";
    out += text(a.name) + '|' + text(a.adl) + '|' + text(a.mailbox) + '|' + text(a.host);
  }
  return out;
}

}  // namespace

TEST_CASE("addresses of RFC 5322, appendix A.1, are read") {
  CHECK(shown("John Doe <jdoe@machine.example>") == "John Doe|-|jdoe|machine.example");
  CHECK(shown("\"Joe Q. Public\" <john.q.public@example.com>") ==
        "Joe Q. Public|-|john.q.public|example.com");
  CHECK(shown("Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>") ==
        "Mary Smith|-|mary|x.test; -|-|jdoe|example.org; Who?|-|one|y.test");
  CHECK(shown("<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>") ==
        "-|-|boss|nil.test; Giant; \"Big\" Box|-|sysservices|example.net");
}

TEST_CASE("groups stand between a name without host and nothing at all (RFC 3501, section 7.4.2)") {
  CHECK(shown("A Group:Ed Jones <joe@where.test>,joe@where.test,John <jdoe@one.test>;") ==
        "-|-|A Group|-; Ed Jones|-|joe|where.test; -|-|joe|where.test; John|-|jdoe|one.test; -|-|-|-");
  CHECK(shown("Undisclosed recipients:;") == "-|-|Undisclosed recipients|-; -|-|-|-");
  CHECK(shown("a:x@y;, z@w") == "-|-|a|-; -|-|x|y; -|-|-|-; -|-|z|w");
  CHECK(shown("open: x@y") == "-|-|open|-; -|-|x|y; -|-|-|-");
}

TEST_CASE("comments and obsolete forms are read (RFC 5322, appendix A.5 and A.6.3)") {
  CHECK(shown("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>") == "Pete|-|pete|silly.test");
  CHECK(shown("A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n "
              "joe@example.org;") ==
        "-|-|A Group|-; Chris Jones|-|c|public.example; -|-|joe|example.org; -|-|-|-");
  CHECK(shown("Joe Q. Public <john . q . public @ example . com>") ==
        "Joe Q. Public|-|john.q.public|example.com");
  CHECK(shown("Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example") ==
        "Mary Smith|@node.test|mary|example.net; -|-|jdoe|test.example");
  CHECK(shown("<@a.test, @b.test:joe@c.test>") == "-|@a.test,@b.test|joe|c.test");
}

TEST_CASE("an older mailer's comment is the name") {
  CHECK(shown("joe@example.test (Joe (the) User)") == "Joe (the) User|-|joe|example.test");
}

TEST_CASE("quoted local parts and domain literals are read") {
  CHECK(shown("\"joe user\"@example.test") == "-|-|joe user|example.test");
  CHECK(shown("\"a@b\"@[192.0.2.1]") == "-|-|a@b|[192.0.2.1]");
}

TEST_CASE("encoded-words and 8-bit names stay as they are") {
  CHECK(shown("=?iso-8859-1?Q?Andr=E9?= Pirard <p@x.test>") == "=?iso-8859-1?Q?Andr=E9?= Pirard|-|p|x.test");
  CHECK(shown("Jos\xe9 <j@x.test>") == "Jos\xe9|-|j|x.test");
}

TEST_CASE("what is no address becomes something harmless") {
  CHECK(shown("") == "");
  CHECK(shown(",;,") == "");
  CHECK(shown("just words") == "-|-|just words|");
  CHECK(shown("<>") == "");
  CHECK(shown("Joe <>") == "Joe|-||");
  CHECK(shown("a@b@c") == "-|-|a|b@c");
  CHECK(shown("joe@x.test trailing words, next@y.test") == "-|-|joe|x.test; -|-|next|y.test");
  CHECK(shown("Joe joe@x.test") == "Joe|-|joe|x.test");
  CHECK(shown("\"open <joe@x.test>") == "-|-|open <joe@x.test>|");
  CHECK(shown("(open") == "");
}

TEST_CASE("no more addresses are read than asked for, and groups are closed all the same") {
  std::string list = "g:";
  for (int i = 0; i < 100; ++i) list += "a@b,";
  const auto some = parse_addresses(list, 10);
  CHECK(some.size() == 11);
  CHECK(some.back().ends_group());
}

TEST_CASE("hostile lists take linear time") {
  for (const auto* piece : {"@a", "a ", "(", "<", "\"", ":", "a.", "<@a,", "a@b,", "x:"}) {
    std::string list;
    while (list.size() < 200'000) list += piece;
    static_cast<void>(parse_addresses(list));
  }
}
