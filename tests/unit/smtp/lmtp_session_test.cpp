// LMTP: RFC 2033.
#include "tests/unit/smtp/session_fixture.hpp"

using namespace gridmail;
using namespace gridmail::smtp;

TEST_CASE("RFC 2033, 4.1: LMTP greets with LHLO, and with nothing else") {
  SessionFixture lmtp(Mode::lmtp);
  CHECK(lmtp.start() == "220 mx.example.test LMTP gridmail\r\n");
  CHECK(codes(lmtp.send("EHLO client.test\r\nHELO client.test\r\n")) == "500 5.5.1, 500 5.5.1");
  const std::string answer = lmtp.send("LHLO client.test\r\n");
  CHECK(answer.find("PIPELINING") != std::string::npos);
  CHECK(answer.find("ENHANCEDSTATUSCODES") != std::string::npos);
  CHECK(answer.find("AUTH") == std::string::npos);
}

TEST_CASE("RFC 2033, 4.2: the end of data is answered once for each accepted RCPT, in their order") {
  SessionFixture lmtp(Mode::lmtp);
  lmtp.delivery.fail_for(lmtp.bob, Errc::unavailable);
  lmtp.greet();
  CHECK(codes(lmtp.send(
            "MAIL FROM:<a@b.test>\r\nRCPT TO:<alice@example.test>\r\nRCPT TO:<nobody@example.test>\r\n"
            "RCPT TO:<bob@example.test>\r\nRCPT TO:<al@example.test>\r\nDATA\r\n")) ==
        "250 2.1.0, 250 2.1.5, 550 5.1.1, 250 2.1.5, 250 2.1.5, 354");
  CHECK(codes(lmtp.send("x\r\n.\r\nNOOP\r\n")) == "250 2.1.5, 451 4.3.0, 250 2.1.5, 250 2.0.0");
  REQUIRE(lmtp.delivered().size() == 1);
  CHECK(lmtp.delivered()[0].recipients.size() == 1);
  CHECK(lmtp.delivered()[0].trace_header.find("with LMTP\r\n") != std::string::npos);
}

TEST_CASE("RFC 2033, 4.2: a message that is refused as such is refused once for each recipient") {
  SessionFixture lmtp(Mode::lmtp);
  lmtp.delivery.set_message_bytes_max(10);
  lmtp.greet();
  (void)lmtp.send("MAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n");
  CHECK(codes(lmtp.send("more than ten bytes\r\n.\r\nNOOP\r\n")) == "552 5.3.4, 552 5.3.4, 250 2.0.0");
}

TEST_CASE("RFC 2033, 4.2: DATA without a valid recipient is 503") {
  SessionFixture lmtp(Mode::lmtp);
  lmtp.greet();
  CHECK(codes(lmtp.send("MAIL FROM:<>\r\nRCPT TO:<nobody@example.test>\r\nDATA\r\n")) ==
        "250 2.1.0, 550 5.1.1, 503 5.5.1");
}

TEST_CASE("a neighbour may name unknown recipients for as long as its connection lasts") {
  SessionFixture lmtp(Mode::lmtp);
  lmtp.settings.unknown_recipients_max = 2;
  lmtp.greet();
  const std::string unknown = "RCPT TO:<nobody@example.test>\r\n";
  CHECK(codes(lmtp.send("MAIL FROM:<>\r\n" + unknown + unknown + unknown + "NOOP\r\n")) ==
        "250 2.1.0, 550 5.1.1, 550 5.1.1, 550 5.1.1, 250 2.0.0");
}

TEST_CASE("LMTP has no AUTH") {
  SessionFixture lmtp(Mode::lmtp, {.secure = true});
  lmtp.greet();
  CHECK(codes(lmtp.send("AUTH PLAIN\r\n")) == "502 5.5.1");
}
