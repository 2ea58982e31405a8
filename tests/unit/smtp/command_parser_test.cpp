#include "protocols/smtp/command_parser.hpp"

#include <doctest/doctest.h>

#include <cstdint>

using namespace gridmail::smtp;

TEST_CASE("RFC 5321, 2.4: verbs are known in any case, and blanks at the end are no argument") {
  CHECK(parse_command("mail FROM:<>")->verb == Verb::mail);
  CHECK(parse_command("Quit  ")->verb == Verb::quit);
  CHECK(parse_command("Quit  ")->argument.empty());
  CHECK(parse_command("EHLO  mail.test ")->argument == "mail.test");
  CHECK(parse_command("")->verb == Verb::unknown);
  CHECK(parse_command("MAILX")->verb == Verb::unknown);
  CHECK(parse_command("EXPN staff")->verb == Verb::unimplemented);
  CHECK(parse_command("GET / HTTP/1.1")->verb == Verb::foreign);
}

TEST_CASE("a command with NUL, CR or another control character is refused") {
  CHECK(parse_command(std::string_view("NOOP\0", 5)).error().code == 500);
  CHECK(parse_command("NOOP\rNOOP").error().code == 500);
  CHECK(parse_command("NOOP \x7f").error().code == 500);
}

TEST_CASE("RFC 1870, 6152 and 4954: MAIL takes SIZE, BODY and, where AUTH is offered, AUTH") {
  const auto parsed = parse_mail("FROM:<a@b.test> SIZE=1000 BODY=8BITMIME", false);
  REQUIRE(parsed);
  CHECK(parsed->sender.address == "a@b.test");
  CHECK(parsed->size == 1000);
  CHECK(parse_mail("from: <a@b.test> body=7bit", false));
  CHECK(parse_mail("FROM:<a@b.test> AUTH=<>", true));
  CHECK(parse_mail("FROM:<a@b.test> AUTH=<>", false).error().code == 555);
  CHECK(parse_mail("FROM:<a@b.test> SIZE=99999999999999999999", false)->size == UINT64_MAX);
}

TEST_CASE("RFC 5321, 4.1.1.11: unknown parameters are 555, malformed ones 501") {
  CHECK(parse_mail("FROM:<a@b.test> RET=FULL", false).error().code == 555);
  CHECK(parse_mail("FROM:<a@b.test> SMTPUTF8", false).error().code == 555);
  CHECK(parse_rcpt("TO:<a@b.test> NOTIFY=NEVER").error().code == 555);
  CHECK(to_string(parse_rcpt("TO:<a@b.test> NOTIFY=NEVER").error()).starts_with("555 5.5.4 "));
  for (const char* argument :
       {"FROM:<a@b.test> SIZE", "FROM:<a@b.test> SIZE=x", "FROM:<a@b.test> SIZE=-1",
        "FROM:<a@b.test> BODY=BINARYMIME", "FROM:<a@b.test> =3", "FROM:<a@b.test>SIZE=3",
        "FROM:<a@b.test> SIZE==", "FROM:a@b.test", "<a@b.test>", "TO:<a@b.test>", ""}) {
    CAPTURE(argument);
    CHECK(parse_mail(argument, false).error().code == 501);
  }
}

TEST_CASE("RFC 5321, 4.1.1.3: RCPT needs a forward-path, and the empty path is none") {
  CHECK(parse_rcpt("TO:<a@b.test>")->address == "a@b.test");
  CHECK(parse_rcpt("to: <postmaster>")->address == "postmaster");
  CHECK(to_string(parse_rcpt("TO:<>").error()).starts_with("501 5.1.3 "));
  CHECK(to_string(parse_mail("FROM:<a@>", false).error()).starts_with("501 5.1.7 "));
}

TEST_CASE("RFC 6531, 3.5: an address that is not ASCII is refused while SMTPUTF8 is not offered") {
  CHECK(to_string(parse_rcpt("TO:<\xc3\xa4@b.test>").error()).starts_with("553 5.6.7 "));
}
