#include "protocols/imap/mailbox_name.hpp"

#include <doctest/doctest.h>

namespace gridmail::imap {
namespace {

bool matches(const char* pattern, const char* name) {
  const auto parsed = MailboxPattern::parse("", pattern);
  REQUIRE(parsed);
  return parsed->matches(name);
}

TEST_CASE("RFC 3501, 5.1: INBOX is one mailbox in any case, also above its children") {
  CHECK(decode_mailbox("iNbOx") == "INBOX");
  CHECK(decode_mailbox("inbox/Work") == "INBOX/Work");
  CHECK(decode_mailbox("inboxes") == "inboxes");
}

TEST_CASE("RFC 3501, 5.1.3: names come in modified UTF-7") {
  CHECK(decode_mailbox("Entw&APw-rfe") == "Entw\xc3\xbcrfe");
  CHECK_FALSE(decode_mailbox("a&b"));
  CHECK_FALSE(decode_mailbox("Entw\xfcrfe"));
}

TEST_CASE("names that can name no mailbox are refused") {
  for (const char* name : {"", "/", "/a", "a/", "a//b", "a\tb"}) {
    CAPTURE(name);
    CHECK_FALSE(decode_mailbox(name));
  }
  CHECK_FALSE(decode_mailbox(std::string(1001, 'x')));
  CHECK_FALSE(decode_new_mailbox("a*"));
}

TEST_CASE("RFC 3501, 6.3.3: a separator at the end of a new name is dropped") {
  CHECK(decode_new_mailbox("a/b/") == "a/b");
  CHECK_FALSE(decode_new_mailbox("a//"));
}

TEST_CASE("RFC 3501, 6.3.8: wildcards") {
  CHECK(matches("*", "a/b/c"));
  CHECK(matches("%", "a"));
  CHECK_FALSE(matches("%", "a/b"));
  CHECK(matches("a/%", "a/b"));
  CHECK_FALSE(matches("a/%", "a/b/c"));
  CHECK(matches("a*c", "a/b/c"));
  CHECK(matches("%/%", "a/b"));
  CHECK_FALSE(matches("b*", "abc"));
  CHECK(matches("inb%", "INBOX"));
  CHECK(matches("inbox/w*", "INBOX/work"));
  CHECK_FALSE(matches("inbox/W*", "INBOX/work"));
}

TEST_CASE("a pattern full of wildcards takes no exponential time") {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "*a";
  CHECK_FALSE(matches((pattern + "b").c_str(), std::string(900, 'a').c_str()));
}

}  // namespace
}  // namespace gridmail::imap
