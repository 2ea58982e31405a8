// What submission looks at and adds (RFC 6409), and what comes with a message by DSN and SMTPUTF8.
#include "protocols/smtp/submission_header.hpp"
#include "tests/unit/smtp/session_fixture.hpp"

using namespace gridmail;
using namespace gridmail::smtp;

namespace {

struct Submission : SessionFixture {
  Submission() : SessionFixture(Mode::submission, {.secure = true}) { log_in(); }
  std::string submit(const std::string& message) {
    (void)send("MAIL FROM:<alice@example.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n");
    return codes(send(message + ".\r\n"));
  }
};

}  // namespace

TEST_CASE_FIXTURE(Submission, "RFC 6409, 8: From, Date and Message-ID are added where they are missing") {
  CHECK(submit("Subject: x\r\n\r\nbody\r\n") == "250 2.0.0");
  const auto& first = delivered().at(0);
  CHECK(first.bytes == "Subject: x\r\n\r\nbody\r\n");
  CHECK(first.trace_header.find("\r\nFrom: <alice@example.test>\r\nDate: ") != std::string::npos);
  CHECK(first.trace_header.find("\r\nMessage-ID: <") != std::string::npos);
  CHECK(first.trace_header.ends_with("@mx.example.test>\r\n"));
  CHECK(submit("message-id: <x@y>\r\nFrom: alice@example.test\r\ndate: x\r\n\r\n") == "250 2.0.0");
  CHECK(delivered().at(1).trace_header.find("\nFrom:") == std::string::npos);
  CHECK(delivered().at(1).trace_header.find("Message-ID") == std::string::npos);
  CHECK(submit("no header at all\r\n") == "250 2.0.0");
  CHECK(delivered().at(2).trace_header.ends_with(">\r\n\r\n"));
}

TEST_CASE_FIXTURE(Submission, "RFC 6409, 6.1: From names nobody but the user") {
  for (const char* from :
       {"Alice <alice@example.test>", "AL@example.test", "alice@example.test, al@example.test",
        "Us: alice@example.test;", "\"bob@example.test\" <alice@example.test>"}) {
    CAPTURE(from);
    CHECK(submit("From: " + std::string(from) + "\r\n\r\n") == "250 2.0.0");
  }
  const auto count = delivered().size();
  for (const char* from :
       {"bob@example.test", "x@elsewhere.test", "alice@example.test, bob@example.test",
        "alice <bob@example.test>", "nobody", "", "Us:;", "<>",
        "alice@example.test\r\nFrom: bob@example.test", "alice@example.test\r\nfrom : bob@example.test",
        "alice@example.test\r\nno field\r\nFrom: bob@example.test"}) {
    CAPTURE(from);
    CHECK(submit("From: " + std::string(from) + "\r\n\r\n") == "550 5.7.1");
  }
  CHECK(submit("Subject: x\r\nno field\r\nFrom: bob@example.test\r\n\r\n") == "550 5.7.1");
  CHECK(delivered().size() == count);
  CHECK(submit("From: " + std::string(3000, ',') + "a@b\r\n\r\n") == "550 5.7.1");
  std::string groups;
  for (int i = 0; i < 6000; ++i) groups += "g:;,\r\n ";
  CHECK(submit("From: alice@example.test,\r\n " + groups + "bob@example.test\r\n\r\n") == "550 5.7.1");
}

TEST_CASE("elsewhere From is the sender's business") {
  SessionFixture mx(Mode::mx);
  mx.greet();
  (void)mx.send("MAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n");
  CHECK(codes(mx.send("From: bob@example.test\r\n\r\n.\r\n")) == "250 2.0.0");
  CHECK(mx.delivered().at(0).trace_header.find("Message-ID") == std::string::npos);
}

TEST_CASE("RFC 3461: what the client wants to be told goes with the message") {
  SessionFixture mx(Mode::mx);
  mx.greet();
  (void)mx.send(
      "MAIL FROM:<a@x.test> RET=FULL ENVID=id+2B1\r\n"
      "RCPT TO:<alice@example.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;al@other.test\r\n"
      "RCPT TO:<bob@example.test> NOTIFY=NEVER\r\nDATA\r\n");
  CHECK(codes(mx.send("x\r\n.\r\n")) == "250 2.0.0");
  const auto& message = mx.delivered().at(0);
  CHECK(message.returned == ports::Returned::full);
  CHECK(message.envelope_id == "id+2B1");
  CHECK(message.recipients.at(0).notify == (ports::Notify::success | ports::Notify::failure));
  CHECK(message.recipients.at(0).original == "rfc822;al@other.test");
  CHECK(message.recipients.at(1).notify == ports::Notify::never);
}

TEST_CASE("RFC 6531: addresses in UTF-8 need SMTPUTF8, and domains become A-labels") {
  SessionFixture mx(Mode::mx);
  (void)mx.directory.add_user("j\xc3\xbcrgen@example.test", "x");
  mx.greet();
  CHECK(codes(mx.send("MAIL FROM:<a@b\xc3\xbc.test>\r\n")) == "553 5.6.7");
  CHECK(codes(mx.send("MAIL FROM:<a@x.test>\r\nRCPT TO:<j\xc3\xbcrgen@example.test>\r\nRSET\r\n")) ==
        "250 2.1.0, 553 5.6.7, 250 2.0.0");
  CHECK(codes(mx.send(
            "MAIL FROM:<a@b\xc3\xbc.test> SMTPUTF8\r\nRCPT TO:<j\xc3\xbcrgen@example.test>\r\nDATA\r\n")) ==
        "250 2.1.0, 250 2.1.5, 354");
  CHECK(codes(mx.send("Subject: \xc3\xbc\r\n\r\n.\r\n")) == "250 2.0.0");
  const auto& message = mx.delivered().at(0);
  CHECK(message.utf8);
  CHECK(message.sender == "a@xn--b-eha.test");
  CHECK(message.trace_header.find("with UTF8SMTP\r\n") != std::string::npos);
  CHECK(message.trace_header.find("for <j\xc3\xbcrgen@example.test>") != std::string::npos);
}

TEST_CASE("RFC 8689: REQUIRETLS is announced and taken under TLS only, and goes with the message") {
  SessionFixture mx(Mode::mx, {.secure = false});
  CHECK(mx.start().starts_with("220 "));
  CHECK(mx.send("EHLO client.test\r\n").find("REQUIRETLS") == std::string::npos);
  CHECK(codes(mx.send("MAIL FROM:<a@x.test> REQUIRETLS\r\n")) == "530 5.7.10");
  (void)mx.send("STARTTLS\r\n");
  CHECK(mx.send("EHLO client.test\r\n").find("\r\n250-REQUIRETLS\r\n") != std::string::npos);
  CHECK(codes(mx.send("MAIL FROM:<a@x.test> REQUIRETLS=1\r\n")) == "501 5.5.4");
  (void)mx.send("MAIL FROM:<a@x.test> REQUIRETLS\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n");
  CHECK(codes(mx.send("TLS-Required: No\r\n\r\n.\r\n")) == "250 2.0.0");
  CHECK(mx.delivered().at(0).tls == ports::TlsWish::required);
}

TEST_CASE("RFC 8689, section 5: TLS-Required: No is a submitter's wish, and REQUIRETLS comes first") {
  SessionFixture submission(Mode::submission, {.secure = true});
  submission.log_in();
  const auto sent_with = [&](const std::string& parameter, const std::string& field) {
    (void)submission.send("MAIL FROM:<alice@example.test>" + parameter +
                          "\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n");
    CHECK(codes(submission.send(field + "\r\n\r\n.\r\n")) == "250 2.0.0");
    return submission.delivered().back().tls;
  };
  CHECK(sent_with("", "TLS-Required:  no ") == ports::TlsWish::optional);
  CHECK(sent_with("", "TLS-Required: Yes") == ports::TlsWish::unsaid);
  CHECK(sent_with(" REQUIRETLS", "TLS-Required: No") == ports::TlsWish::required);
}
