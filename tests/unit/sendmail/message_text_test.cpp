#include "node/sendmail/message_text.hpp"

#include <doctest/doctest.h>

using namespace gridmail;
using namespace gridmail::sendmail;

using Names = std::vector<std::string>;

TEST_CASE("lines end in CRLF, whatever they ended in") {
  CHECK(with_line_ends("a\nb\r\n\nc", true) == "a\r\nb\r\n\r\nc\r\n");
  CHECK(with_line_ends("", true).empty());
}

TEST_CASE("a dot alone ends the message unless it is text") {
  CHECK(with_line_ends("a\n.\nb\n", false) == "a\r\n");
  CHECK(with_line_ends("a\n.\nb\n", true) == "a\r\n.\r\nb\r\n");
  CHECK(with_line_ends("a\n..\n", false) == "a\r\n..\r\n");
}

TEST_CASE("recipients are those of To, Cc and Bcc") {
  CHECK(
      recipients_in(
          "To: A <a@x.test>, root\r\nSubject: s\r\ncc: team: b@x.test, c@x.test;\r\nBCC:\r\n d@x.test\r\n\r\n"
          "To: e@x.test\r\n") == Names{"a@x.test", "root", "b@x.test", "c@x.test", "d@x.test"});
  CHECK(recipients_in("Subject: s\r\n\r\n").empty());
  CHECK(recipients_in("").empty());
}

TEST_CASE("of a message sent on, those to whom it is sent on (RFC 5322, section 3.6.6)") {
  CHECK(recipients_in("Resent-To: b@x.test\r\nTo: a@x.test\r\n\r\n") == Names{"b@x.test"});
}

TEST_CASE("nobody sees who got a blind copy") {
  CHECK(without_blind_copies(
            "To: a@x.test\r\nBcc: b@x.test,\r\n c@x.test\r\nSubject: s\r\n\r\nBcc: text\r\n") ==
        "To: a@x.test\r\nSubject: s\r\n\r\nBcc: text\r\n");
  CHECK(without_blind_copies("only text\r\n") == "only text\r\n");
}

TEST_CASE("a full name makes From where there is none") {
  CHECK(with_author("Subject: s\r\n\r\n", "Joe \"J\"", "j@x.test") ==
        "From: \"Joe \\\"J\\\"\" <j@x.test>\r\nSubject: s\r\n\r\n");
  CHECK(with_author("From: a@x.test\r\n\r\n", "Joe", "j@x.test") == "From: a@x.test\r\n\r\n");
  CHECK(with_author("only text\r\n", "Joe\r\nX: y", "j@x.test") ==
        "From: \"JoeX: y\" <j@x.test>\r\n\r\nonly text\r\n");
  CHECK(with_author("Subject: s\r\n\r\n", "", "j@x.test") == "Subject: s\r\n\r\n");
}
