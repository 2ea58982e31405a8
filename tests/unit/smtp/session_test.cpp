// The conversation: greetings, order, recipients, limits.
#include "tests/unit/smtp/session_fixture.hpp"

using namespace gridmail;
using namespace gridmail::smtp;

TEST_CASE("RFC 5321, 4.3.1: the server speaks first") {
  SessionFixture mx(Mode::mx);
  CHECK(mx.start() == "220 mx.example.test ESMTP gridmail\r\n");
}

TEST_CASE("RFC 5321, 4.1.1.1: EHLO lists the extensions, one a line") {
  SessionFixture mx(Mode::mx);
  (void)mx.start();
  CHECK(mx.send("EHLO client.test\r\n") ==
        "250-mx.example.test\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250-BINARYMIME\r\n"
        "250-CHUNKING\r\n250-DSN\r\n250-SMTPUTF8\r\n250-LIMITS RCPTMAX=1000\r\n250-STARTTLS\r\n"
        "250 ENHANCEDSTATUSCODES\r\n");
  CHECK(mx.send("HELO client.test\r\n") == "250 mx.example.test\r\n");
  CHECK(codes(mx.send("EHLO\r\n")) == "501 5.5.4");
  CHECK(codes(mx.send("LHLO client.test\r\n")) == "500 5.5.1");
}

TEST_CASE("RFC 5321, 3.3: a message goes from MAIL over RCPT and DATA to the mailbox") {
  SessionFixture mx(Mode::mx);
  mx.greet();
  CHECK(codes(mx.send("MAIL FROM:<x@other.test> SIZE=20 BODY=8BITMIME\r\n")) == "250 2.1.0");
  CHECK(codes(mx.send("RCPT TO:<Alice@Example.Test>\r\n")) == "250 2.1.5");
  CHECK(codes(mx.send("DATA\r\n")) == "354");
  CHECK(codes(mx.send("Subject: hi\r\n\r\n..dot\r\n.\r\n")) == "250 2.0.0");
  REQUIRE(mx.delivered().size() == 1);
  const auto& message = mx.delivered().front();
  CHECK(message.sender == "x@other.test");
  CHECK(message.bytes == "Subject: hi\r\n\r\n.dot\r\n");
  REQUIRE(message.recipients.size() == 1);
  CHECK(message.recipients[0].user == mx.alice);
  CHECK(message.recipients[0].as_given == "Alice@Example.Test");
  CHECK(message.trace_header.starts_with(
      "Received: from client.test ([127.0.0.1])\r\n\tby mx.example.test with ESMTP\r\n"));
  CHECK(message.trace_header.find("for <Alice@Example.Test>;") != std::string::npos);
  CHECK(codes(mx.send("QUIT\r\n")) == "221 2.0.0");
  CHECK(mx.dialogue->ended());
}

TEST_CASE("RFC 2920: replies to commands sent together come together") {
  SessionFixture mx(Mode::mx);
  mx.greet();
  const std::size_t before = mx.dialogue->steps();
  CHECK(codes(mx.send("MAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nRCPT TO:<nobody@example.test>\r\n"
                      "RCPT TO:<bob@example.test>\r\nDATA\r\n")) ==
        "250 2.1.0, 250 2.1.5, 550 5.1.1, 250 2.1.5, 354");
  CHECK(mx.dialogue->steps() - before == 2);  // one write, and the next read
  CHECK(codes(mx.send("text\r\n.\r\nMAIL FROM:<>\r\nRSET\r\nQUIT\r\n")) ==
        "250 2.0.0, 250 2.1.0, 250 2.0.0, 221 2.0.0");
  REQUIRE(mx.delivered().size() == 1);
  CHECK(mx.delivered()[0].sender.empty());
  CHECK(mx.delivered()[0].recipients.size() == 2);
  CHECK(mx.delivered()[0].trace_header.find("\tfor ") == std::string::npos);
}

TEST_CASE("a whole session gives the same replies in whatever pieces it arrives") {
  const std::string session =
      "EHLO client.test\r\nMAIL FROM:<a@other.test>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n"
      "..a\r\n.b\r\n.\r\nNOOP\r\nMAIL FROM:<b@other.test>\r\nRCPT "
      "TO:<bob@example.test>\r\nDATA\r\n.\r\nQUIT\r\n";
  for (const std::size_t pieces : {1, 2, 3, 7, 64, 10'000}) {
    CAPTURE(pieces);
    SessionFixture mx(Mode::mx);
    (void)mx.start([&](testing::PipeStream& stream) { stream.read_at_most(pieces); });
    CHECK(codes(mx.send(session)) ==
          "250, 250 2.1.0, 250 2.1.5, 354, 250 2.0.0, 250 2.0.0, 250 2.1.0, 250 2.1.5, 354, 250 2.0.0, 221 "
          "2.0.0");
    REQUIRE(mx.delivered().size() == 2);
    CHECK(mx.delivered()[0].bytes == ".a\r\nb\r\n");
    CHECK(mx.delivered()[1].bytes.empty());
  }
}

TEST_CASE("RFC 5321, 4.1.4: commands out of order change nothing") {
  SessionFixture mx(Mode::mx);
  (void)mx.start();
  CHECK(codes(mx.send("MAIL FROM:<a@b.test>\r\n")) == "503 5.5.1");
  CHECK(codes(mx.send("EHLO client.test\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n")) ==
        "250, 503 5.5.1, 503 5.5.1");
  CHECK(codes(mx.send("MAIL FROM:<a@b.test>\r\nMAIL FROM:<b@b.test>\r\nDATA\r\n")) ==
        "250 2.1.0, 503 5.5.1, 554 5.5.1");
  CHECK(codes(mx.send("RCPT TO:<alice@example.test>\r\nDATA\r\n")) == "250 2.1.5, 354");
  CHECK(codes(mx.send("x\r\n.\r\nDATA\r\n")) == "250 2.0.0, 503 5.5.1");
  REQUIRE(mx.delivered().size() == 1);
  CHECK(mx.delivered()[0].sender == "a@b.test");
}

TEST_CASE("RFC 5321, 4.1.1.5 and 4.1.4: RSET and a new greeting end the transaction") {
  SessionFixture mx(Mode::mx);
  mx.greet();
  for (const char* end : {"RSET\r\n", "EHLO client.test\r\n", "HELO client.test\r\n"}) {
    (void)mx.send("MAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\n");
    CHECK(mx.send(end).starts_with("250"));
    CHECK(codes(mx.send("DATA\r\n")) == "503 5.5.1");
  }
}

TEST_CASE("RFC 5321, 4.1.1: VRFY, HELP, NOOP, unknown and unimplemented commands are answered") {
  SessionFixture mx(Mode::mx);
  (void)mx.start();
  CHECK(codes(mx.send("VRFY alice\r\nVRFY\r\nHELP\r\nNOOP x\r\nFOO\r\n\r\nEXPN staff\r\nRSET x\r\n")) ==
        "252 2.5.0, 501 5.5.4, 214 2.0.0, 250 2.0.0, 500 5.5.2, 500 5.5.2, 502 5.5.1, 501 5.5.4");
}

TEST_CASE("RFC 5321, 3.6: recipients are judged at RCPT") {
  SessionFixture mx(Mode::mx);
  mx.greet();
  (void)mx.send("MAIL FROM:<a@b.test>\r\n");
  CHECK(codes(mx.send("RCPT TO:<nobody@example.test>\r\n")) == "550 5.1.1");
  CHECK(codes(mx.send("RCPT TO:<alice@elsewhere.test>\r\n")) == "550 5.7.1");
  CHECK(codes(mx.send("RCPT TO:<postmaster>\r\n")) == "250 2.1.5");
  CHECK(codes(mx.send("RCPT TO:alice@example.test\r\n")) == "501 5.1.3");
  CHECK(codes(mx.send("RCPT TO:<alice@example.test> RRVS=x\r\n")) == "555 5.5.4");
  mx.directory.set_stale(true);
  CHECK(codes(mx.send("RCPT TO:<nobody@example.test>\r\n")) == "451 4.3.0");
  CHECK(codes(mx.send("RCPT TO:<alice@example.test>\r\n")) == "250 2.1.5");
}

TEST_CASE("one user named twice in a transaction is one recipient") {
  SessionFixture mx(Mode::mx);
  mx.greet();
  (void)mx.send("MAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nRCPT TO:<AL@example.test>\r\nDATA\r\n");
  CHECK(codes(mx.send("x\r\n.\r\n")) == "250 2.0.0");
  REQUIRE(mx.delivered().size() == 1);
  CHECK(mx.delivered()[0].recipients.size() == 1);
  CHECK(mx.delivered()[0].trace_header.find("\tfor ") == std::string::npos);
}

TEST_CASE("RFC 5321, 4.5.3.1.10: recipients over the limit get 452 and the others their message") {
  SessionFixture mx(Mode::mx);
  for (int i = 0; i < 5; ++i) mx.directory.add_user("u" + std::to_string(i) + "@example.test", "p");
  mx.settings.recipients_max = 4;
  mx.greet();
  std::string group = "MAIL FROM:<>\r\n";
  for (int i = 0; i < 5; ++i) group += "RCPT TO:<u" + std::to_string(i) + "@example.test>\r\n";
  CHECK(codes(mx.send(group)) == "250 2.1.0, 250 2.1.5, 250 2.1.5, 250 2.1.5, 250 2.1.5, 452 4.5.3");
  CHECK(codes(mx.send("DATA\r\nx\r\n.\r\n")) == "354, 250 2.0.0");
  CHECK(mx.delivered()[0].recipients.size() == 4);
}

TEST_CASE("RFC 5321, 4.5.3.1.4: an over-long line is refused once, and the next command is heard") {
  SessionFixture mx(Mode::mx);
  (void)mx.start();
  CHECK(codes(mx.send("NOOP " + std::string(2043, 'x') + "\r\n")) == "250 2.0.0");
  CHECK(codes(mx.send("NOOP " + std::string(2044, 'x') + "\r\n")) == "500 5.5.2");
  CHECK(codes(mx.send(std::string(100'000, 'x') + "\r\nNOOP\r\n")) == "500 5.5.2, 250 2.0.0");
}

TEST_CASE("RFC 5321, 2.3.8: a command line ends in CRLF and holds no NUL and no CR") {
  SessionFixture mx(Mode::mx);
  (void)mx.start();
  CHECK(codes(mx.send("NOOP\nNOOP\r\n")) == "500 5.5.2, 250 2.0.0");
  CHECK(codes(mx.send(std::string("NO\0OP\r\n", 7))) == "500 5.5.2");
  CHECK(codes(mx.send("NOOP\rNOOP\r\n")) == "500 5.5.2");
}

TEST_CASE("too many errors end the session with 421") {
  SessionFixture mx(Mode::mx);
  mx.settings.errors_max = 3;
  (void)mx.start();
  CHECK(codes(mx.send("FOO\r\nBAR\r\nBAZ\r\nNOOP\r\n")) == "500 5.5.2, 500 5.5.2, 500 5.5.2, 421 4.7.0");
  CHECK(mx.dialogue->ended());
}

TEST_CASE("errors are counted anew after each message, so that a neighbour may stay for days") {
  SessionFixture mx(Mode::mx);
  mx.settings.errors_max = 3;
  mx.greet();
  for (int i = 0; i < 5; ++i) {
    CHECK(codes(mx.send("WHAT\r\nWHAT\r\n")) == "500 5.5.2, 500 5.5.2");
    (void)mx.send("MAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n");
    CHECK(codes(mx.send("x\r\n.\r\n")) == "250 2.0.0");
  }
  CHECK_FALSE(mx.dialogue->ended());
}

TEST_CASE("too many unknown recipients end the session with 421") {
  SessionFixture mx(Mode::mx);
  mx.settings.unknown_recipients_max = 2;
  mx.greet();
  CHECK(codes(mx.send("MAIL FROM:<>\r\nRCPT TO:<a@example.test>\r\nRCPT TO:<b@example.test>\r\nRSET\r\n")) ==
        "250 2.1.0, 550 5.1.1, 550 5.1.1, 421 4.7.0");
  CHECK(mx.dialogue->ended());
}

TEST_CASE("an HTTP request is not taken for a series of wrong commands") {
  SessionFixture mx(Mode::mx);
  (void)mx.start();
  CHECK(codes(mx.send("POST / HTTP/1.1\r\nHost: mx\r\n\r\nMAIL FROM:<x@y.test>\r\n")) == "421 4.7.0");
  CHECK(mx.dialogue->ended());
}

TEST_CASE(
    "RFC 5321, 3.8: a node that goes out of service says 421 between two commands, never within a message") {
  SessionFixture mx(Mode::mx);
  StopSignal stopping;
  mx.settings.stopping = &stopping;
  mx.greet();
  (void)mx.send("MAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n");
  stopping.set();
  mx.dialogue->wait(std::chrono::seconds(10));
  CHECK(mx.send("x\r\n").empty());
  CHECK(codes(mx.send(".\r\nMAIL FROM:<>\r\n")) == "250 2.0.0, 421 4.3.2");
  CHECK(mx.dialogue->ended());
  CHECK(mx.delivered().size() == 1);
}

TEST_CASE("a silent client is told 421 at once, and so is one that comes later") {
  SessionFixture mx(Mode::mx);
  StopSignal stopping;
  mx.settings.stopping = &stopping;
  mx.greet();
  stopping.set();
  mx.dialogue->wait(std::chrono::milliseconds(10));
  CHECK(codes(mx.dialogue->heard()) == "421 4.3.2");
  CHECK(mx.dialogue->ended());
  SessionFixture late(Mode::mx);
  late.settings.stopping = &stopping;
  CHECK(codes(late.start()) == "421 4.3.2");
  CHECK(late.dialogue->ended());
  stopping.reset();
  SessionFixture after(Mode::mx);
  after.settings.stopping = &stopping;
  CHECK(codes(after.start()) == "220");
}

TEST_CASE("a client in the middle of AUTH is not interrupted") {
  SessionFixture submission(Mode::submission);
  StopSignal stopping;
  submission.settings.stopping = &stopping;
  submission.settings.allow_plaintext_login = true;
  submission.greet();
  CHECK(codes(submission.send("AUTH PLAIN\r\n")) == "334");
  stopping.set();
  submission.dialogue->wait(std::chrono::seconds(5));
  CHECK(submission.dialogue->heard().empty());
  CHECK(codes(submission.send("*\r\n")).ends_with(", 421 4.3.2"));
  CHECK(submission.dialogue->ended());
}

TEST_CASE("RFC 5321, 4.5.3.2.7: a client has five minutes for a command, also when it trickles in") {
  SessionFixture mx(Mode::mx);
  mx.greet();
  mx.dialogue->wait(std::chrono::seconds(290));
  CHECK(codes(mx.send("NOOP\r\n")) == "250 2.0.0");
  for (int i = 0; i < 5; ++i) {
    CHECK_FALSE(mx.dialogue->ended());
    mx.dialogue->wait(std::chrono::seconds(70));
    (void)mx.send("N");
  }
  CHECK(mx.dialogue->ended());
}

TEST_CASE("a client that goes without QUIT leaves nothing behind") {
  SessionFixture mx(Mode::mx);
  mx.greet();
  (void)mx.send("MAIL FROM:<>\r\n");
  mx.dialogue->finish_sending();
  CHECK(mx.dialogue->ended());
}
