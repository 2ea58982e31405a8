// STARTTLS, AUTH, and who may send what on submission.
#include "tests/unit/smtp/session_fixture.hpp"

using namespace gridmail;
using namespace gridmail::smtp;

namespace {
std::string base64(std::string_view text) {
  return to_base64(text);
}
const std::string alice_plain = to_base64(std::string("\0alice@example.test\0secret", 26));
const std::string wrong_plain = to_base64(std::string("\0alice@example.test\0wrong", 25));
}  // namespace

TEST_CASE("RFC 3207, 4.2: after STARTTLS the client is as good as new") {
  SessionFixture mx(Mode::mx);
  mx.greet();
  CHECK(codes(mx.send("MAIL FROM:<>\r\nSTARTTLS\r\n")) == "250 2.1.0, 503 5.5.1");
  CHECK(codes(mx.send("RSET\r\nSTARTTLS x\r\n")) == "250 2.0.0, 501 5.5.4");
  CHECK(codes(mx.send("STARTTLS\r\n")) == "220 2.0.0");
  CHECK(mx.dialogue->session_end().is_secure());
  CHECK(codes(mx.send("MAIL FROM:<>\r\n")) == "503 5.5.1");
  CHECK(mx.send("EHLO client.test\r\n").find("STARTTLS") == std::string::npos);
  CHECK(codes(mx.send("STARTTLS\r\n")) == "503 5.5.1");
  (void)mx.send("MAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\nx\r\n.\r\n");
  REQUIRE(mx.delivered().size() == 1);
  CHECK(mx.delivered()[0].trace_header.find("with ESMTPS\r\n\t(TLSv1.3 TLS_AES_256_GCM_SHA384)") !=
        std::string::npos);
}

TEST_CASE("RFC 3207, 4.2: commands slipped in behind STARTTLS are not run, before or after the handshake") {
  SessionFixture mx(Mode::mx);
  mx.greet();
  CHECK(codes(mx.send("STARTTLS\r\nMAIL FROM:<evil@other.test>\r\n")) == "554 5.5.1");
  CHECK(mx.dialogue->ended());
  CHECK_FALSE(mx.dialogue->session_end().is_secure());
}

TEST_CASE("STARTTLS is refused where there is no TLS") {
  SessionFixture mx(Mode::mx, {.can_start_tls = false});
  (void)mx.start();
  CHECK(mx.send("EHLO client.test\r\n").find("STARTTLS") == std::string::npos);
  CHECK(codes(mx.send("STARTTLS\r\n")) == "502 5.5.1");
}

TEST_CASE("RFC 4954, 4: AUTH is offered under TLS only") {
  SessionFixture submission(Mode::submission);
  (void)submission.start();
  CHECK(submission.send("EHLO client.test\r\n").find("AUTH") == std::string::npos);
  CHECK(codes(submission.send("AUTH PLAIN " + alice_plain + "\r\n")) == "538 5.7.11");
  CHECK(codes(submission.send("MAIL FROM:<alice@example.test>\r\n")) == "530 5.7.0");
  (void)submission.send("STARTTLS\r\n");
  CHECK(submission.send("EHLO client.test\r\n").find("250-AUTH PLAIN LOGIN\r\n") != std::string::npos);
  CHECK(codes(submission.send("MAIL FROM:<alice@example.test>\r\n")) == "530 5.7.0");
  CHECK(codes(submission.send("AUTH PLAIN " + alice_plain + "\r\n")) == "235 2.7.0");
  CHECK(codes(submission.send("AUTH PLAIN " + alice_plain + "\r\n")) == "503 5.5.1");
}

TEST_CASE("plain-text AUTH is for loopback, when allowed") {
  for (const bool loopback : {false, true}) {
    for (const bool allowed : {false, true}) {
      SessionFixture submission(Mode::submission, {.loopback = loopback});
      submission.settings.allow_plaintext_login = allowed;
      (void)submission.start();
      const bool offered = submission.send("EHLO client.test\r\n").find("AUTH") != std::string::npos;
      CHECK(offered == (loopback && allowed));
    }
  }
}

TEST_CASE("the MX port has no AUTH") {
  SessionFixture mx(Mode::mx, {.secure = true});
  (void)mx.start();
  CHECK(mx.send("EHLO client.test\r\n").find("AUTH") == std::string::npos);
  CHECK(codes(mx.send("AUTH PLAIN " + alice_plain + "\r\n")) == "502 5.5.1");
}

TEST_CASE("RFC 4954, 4: PLAIN with and without initial response, and LOGIN") {
  SessionFixture submission(Mode::submission, {.secure = true});
  submission.greet();
  CHECK(submission.send("AUTH PLAIN\r\n") == "334 \r\n");
  CHECK(codes(submission.send(alice_plain + "\r\n")) == "235 2.7.0");
  submission.greet();
  CHECK(submission.send("auth login\r\n") == "334 VXNlcm5hbWU6\r\n");
  CHECK(submission.send(base64("alice@example.test") + "\r\n") == "334 UGFzc3dvcmQ6\r\n");
  CHECK(codes(submission.send(base64("secret") + "\r\n")) == "235 2.7.0");
  submission.greet();
  CHECK(submission.send("AUTH LOGIN " + base64("alice@example.test") + "\r\n") == "334 UGFzc3dvcmQ6\r\n");
  CHECK(codes(submission.send(base64("secret") + "\r\n")) == "235 2.7.0");
}

TEST_CASE("RFC 4954, 4 and 6: what goes wrong with AUTH leaves the session as it was") {
  SessionFixture submission(Mode::submission, {.secure = true});
  (void)submission.start();
  CHECK(codes(submission.send("AUTH PLAIN\r\n")) == "503 5.5.1");
  (void)submission.send("EHLO client.test\r\n");
  CHECK(codes(submission.send("AUTH CRAM-MD5\r\nAUTH\r\n")) == "504 5.5.4, 501 5.5.4");
  CHECK(codes(submission.send("AUTH PLAIN not*base64\r\n")) == "501 5.5.2");
  CHECK(codes(submission.send("AUTH PLAIN =\r\n")) == "501 5.5.2");
  CHECK(codes(submission.send("AUTH PLAIN\r\n*\r\n")) == "334, 501 5.7.0");
  CHECK(codes(submission.send("AUTH PLAIN\r\n" + std::string(12'289, 'a') + "\r\nNOOP\r\n")) ==
        "334, 500 5.5.6, 250 2.0.0");
  CHECK(codes(submission.send("AUTH PLAIN " + wrong_plain + "\r\n")) == "535 5.7.8");
  submission.directory.set_stale(true);
  CHECK(codes(submission.send("AUTH PLAIN " + wrong_plain + "\r\n")) == "454 4.7.0");
  CHECK(codes(submission.send("AUTH PLAIN " + alice_plain + "\r\n")) == "235 2.7.0");
}

TEST_CASE("too many failed log-ins end the session") {
  SessionFixture submission(Mode::submission, {.secure = true});
  submission.settings.login_failures_max = 2;
  submission.greet();
  CHECK(codes(submission.send("AUTH PLAIN " + wrong_plain + "\r\n")) == "535 5.7.8");
  CHECK(codes(submission.send("AUTH PLAIN " + wrong_plain + "\r\n")) == "535 5.7.8, 421 4.7.0");
  CHECK(submission.dialogue->ended());
}

TEST_CASE("RFC 6409, 6.1: the sender must belong to the user") {
  SessionFixture submission(Mode::submission, {.secure = true});
  submission.log_in();
  CHECK(codes(submission.send("MAIL FROM:<bob@example.test>\r\n")) == "550 5.7.1");
  CHECK(codes(submission.send("MAIL FROM:<x@elsewhere.test>\r\n")) == "550 5.7.1");
  CHECK(codes(submission.send("MAIL FROM:<AL@example.test> AUTH=<>\r\nRSET\r\n")) == "250 2.1.0, 250 2.0.0");
  // Read receipts (RFC 8098, section 3)
  CHECK(codes(submission.send("MAIL FROM:<>\r\n")) == "250 2.1.0");
}

TEST_CASE("submission takes mail for users of the grid and says why it takes no other yet") {
  SessionFixture submission(Mode::submission, {.secure = true});
  submission.log_in();
  (void)submission.send("MAIL FROM:<alice@example.test>\r\n");
  CHECK(submission.send("RCPT TO:<x@elsewhere.test>\r\n") == "250 2.1.5 recipient ok\r\n");
  CHECK(codes(submission.send("RCPT TO:<bob@example.test>\r\nDATA\r\nx\r\n.\r\n")) ==
        "250 2.1.5, 354, 250 2.0.0");
  const auto& trace = submission.delivered()[0].trace_header;
  CHECK(trace.find("with ESMTPSA\r\n") != std::string::npos);
  CHECK(trace.find("(authenticated as alice@example.test)") != std::string::npos);
}

TEST_CASE("a client that vanishes in the middle of AUTH ends the session") {
  SessionFixture submission(Mode::submission, {.secure = true});
  submission.greet();
  (void)submission.send("AUTH LOGIN\r\n");
  submission.dialogue->finish_sending();
  CHECK(submission.dialogue->ended());
}
