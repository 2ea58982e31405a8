#include "protocols/smtp/command_parser.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

using namespace gridmail;
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
  CHECK(parse_mail("FROM:<a@b.test> BY=120;R", false).error().code == 555);
  CHECK(to_string(parse_rcpt("TO:<a@b.test> RRVS=x", false).error()).starts_with("555 5.5.4 "));
  for (const char* argument :
       {"FROM:<a@b.test> SIZE", "FROM:<a@b.test> SIZE=x", "FROM:<a@b.test> SIZE=-1",
        "FROM:<a@b.test> BODY=9BIT", "FROM:<a@b.test> SMTPUTF8=1", "FROM:<a@b.test> RET=ALL",
        "FROM:<a@b.test> RET=FULL RET=HDRS", "FROM:<a@b.test> ENVID=", "FROM:<a@b.test> ENVID=a+2",
        "FROM:<a@b.test> ENVID=a+XY", "FROM:<a@b.test> ENVID=a ENVID=b", "FROM:<a@b.test> =3",
        "FROM:<a@b.test>SIZE=3", "FROM:<a@b.test> SIZE==", "FROM:a@b.test", "<a@b.test>", "TO:<a@b.test>",
        ""}) {
    CAPTURE(argument);
    CHECK(parse_mail(argument, false).error().code == 501);
  }
}

TEST_CASE("RFC 5321, 4.1.1.3: RCPT needs a forward-path, and the empty path is none") {
  CHECK(parse_rcpt("TO:<a@b.test>", false)->recipient.address == "a@b.test");
  CHECK(parse_rcpt("to: <postmaster>", false)->recipient.address == "postmaster");
  CHECK(to_string(parse_rcpt("TO:<>", false).error()).starts_with("501 5.1.3 "));
  CHECK(to_string(parse_mail("FROM:<a@>", false).error()).starts_with("501 5.1.7 "));
}

TEST_CASE("RFC 6531, 3.5: an address that is not ASCII needs SMTPUTF8, and must be UTF-8") {
  CHECK(to_string(parse_rcpt("TO:<\xc3\xa4@b.test>", false).error()).starts_with("553 5.6.7 "));
  CHECK(parse_rcpt("TO:<\xc3\xa4@b.test>", true)->recipient.address == "\xc3\xa4@b.test");
  CHECK(parse_rcpt("TO:<\"\xc3\xa4 x\"@b\xc3\xbc.test>", true)->recipient.address ==
        "\"\xc3\xa4 x\"@b\xc3\xbc.test");
  CHECK(to_string(parse_rcpt("TO:<\xe4@b.test>", true).error()).starts_with("501 5.1.3 "));
  for (const char* local : {"\xc2\x85", "\xe2\x80\xa8", "\"a\xe2\x80\xa9\"", "\xc3", "\xed\xa0\x80"})
    CHECK(parse_rcpt("TO:<" + std::string(local) + "@b.test>", true).error().code == 501);
  CHECK(to_string(parse_rcpt("TO:<a@\xe2\x80\xa8.test>", true).error()).starts_with("501 5.1.3 "));
  CHECK(to_string(parse_mail("FROM:<\xc3\xa4@b.test>", false).error()).starts_with("553 5.6.7 "));
  CHECK(parse_mail("FROM:<\xc3\xa4@b.test> SMTPUTF8", false)->utf8);
}

TEST_CASE("RFC 3461, 4: RET and ENVID of a message, NOTIFY and ORCPT of each recipient") {
  const auto mail = parse_mail("FROM:<a@b.test> ret=hdrs ENVID=QQ+2B314 BODY=BINARYMIME", false);
  REQUIRE(mail);
  CHECK(mail->returned == ports::Returned::headers);
  CHECK(mail->envelope_id == "QQ+2B314");
  CHECK(mail->binary);
  CHECK(parse_mail("FROM:<a@b.test> RET=FULL", false)->returned == ports::Returned::full);
  CHECK(parse_mail("FROM:<a@b.test> ENVID=" + std::string(101, 'x'), false).error().code == 501);
  const auto rcpt = parse_rcpt("TO:<a@b.test> NOTIFY=success,DELAY ORCPT=rfc822;a+2Bc@d.test", false);
  REQUIRE(rcpt);
  CHECK(rcpt->notify == (ports::Notify::success | ports::Notify::delay));
  CHECK(rcpt->original == "rfc822;a+2Bc@d.test");
  CHECK(parse_rcpt("TO:<a@b.test> NOTIFY=NEVER", false)->notify == ports::Notify::never);
  CHECK(parse_rcpt("TO:<a@b.test> ORCPT=utf-8;\xc3\xa4@b.test", true)->original == "utf-8;\xc3\xa4@b.test");
  for (const char* parameter : {"NOTIFY=", "NOTIFY", "NOTIFY=NEVER,FAILURE", "NOTIFY=SUCCESS,",
                                "NOTIFY=LATER", "NOTIFY=DELAY NOTIFY=DELAY", "ORCPT=a@b.test", "ORCPT=;a",
                                "ORCPT=rfc822;", "ORCPT=rfc822;a+1", "ORCPT=rfc822;a ORCPT=rfc822;a"}) {
    CAPTURE(parameter);
    CHECK(parse_rcpt("TO:<a@b.test> " + std::string(parameter), false).error().code == 501);
  }
  CHECK(parse_rcpt("TO:<a@b.test> ORCPT=rfc822;" + std::string(500, 'x'), false).error().code == 501);
}

TEST_CASE("RFC 3030, 2: BDAT takes a size and LAST") {
  CHECK(parse_bdat("0")->size == 0);
  CHECK(!parse_bdat("86")->last);
  CHECK(parse_bdat("86 last")->last);
  CHECK(parse_bdat("99999999999999999999")->size == UINT64_MAX);
  for (const char* argument : {"", "LAST", "-1", "1 FIRST", "1 LAST x", "0x10", "1,2", "+5", "1 2"}) {
    CAPTURE(argument);
    CHECK(parse_bdat(argument).error().code == 501);
  }
}
