// DATA as a session sees it: refusals, smuggling, clients that vanish, streams that break at any step.
#include "tests/unit/smtp/session_fixture.hpp"

using namespace gridmail;
using namespace gridmail::smtp;

namespace {

const std::string envelope = "MAIL FROM:<a@other.test>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n";

/// What a smuggler hides behind a wrong end of data.
const std::string hidden = "MAIL FROM:<evil@other.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nevil\r\n";

const std::vector<std::string> wrong_ends = {"\n.\n",   "\n.\r\n", "\r\n.\n",     "\r.\r",      "\r.\r\n",
                                             "\r\n.\r", "\n.\r",   "\r\r.\r\r\n", "\r\n.\r\r\n"};

}  // namespace

TEST_CASE("RFC 5321, 2.3.8: no wrong end of data starts a second message on the MX port") {
  for (const auto& end : wrong_ends) {
    const std::string attack = "text" + end + hidden + ".\r\n";
    for (const std::size_t pieces : {std::size_t{1}, std::size_t{2}, std::size_t{5}, attack.size()}) {
      CAPTURE(end);
      CAPTURE(pieces);
      SessionFixture mx(Mode::mx);
      (void)mx.start([&](testing::PipeStream& stream) { stream.read_at_most(pieces); });
      (void)mx.send("EHLO client.test\r\n" + envelope);
      CHECK(codes(mx.send(attack + "NOOP\r\n")) == "550 5.5.2, 250 2.0.0");
      CHECK(mx.delivered().empty());
    }
  }
}

bool has_bare_cr(std::string_view text) {
  for (std::size_t at = 0; (at = text.find('\r', at)) != std::string_view::npos; ++at) {
    if (text.substr(at + 1, 1) != "\n") return true;
  }
  return false;
}

TEST_CASE("on submission what a wrong end of data hides is part of the one message, or refused with it") {
  for (const auto& end : wrong_ends) {
    CAPTURE(end);
    const std::string attack = "text" + end + hidden + ".\r\n";
    SessionFixture submission(Mode::submission, {.secure = true});
    submission.log_in();
    (void)submission.send("MAIL FROM:<alice@example.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n");
    const auto heard = codes(submission.send(attack + "NOOP\r\n"));
    if (has_bare_cr(attack)) {
      CHECK(heard == "550 5.5.2, 250 2.0.0");
      CHECK(submission.delivered().empty());
      continue;
    }
    CHECK(heard == "250 2.0.0, 250 2.0.0");
    REQUIRE(submission.delivered().size() == 1);
    CHECK(submission.delivered()[0].bytes.ends_with("evil\r\n"));
    CHECK(submission.delivered()[0].sender == "alice@example.test");
  }
}

TEST_CASE("on submission a bare LF becomes CRLF") {
  SessionFixture submission(Mode::submission, {.secure = true});
  submission.log_in();
  (void)submission.send("MAIL FROM:<alice@example.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n");
  CHECK(codes(submission.send("Subject: x\n\na\n.\nb\r\n.\r\n")) == "250 2.0.0");
  CHECK(submission.delivered()[0].bytes == "Subject: x\r\n\r\na\r\n.\r\nb\r\n");
}

TEST_CASE("RFC 1870, 6.1 and 6.3: SIZE is checked at MAIL, and while the message comes in") {
  SessionFixture mx(Mode::mx);
  mx.delivery.set_message_bytes_max(1000);
  mx.greet();
  CHECK(codes(mx.send("MAIL FROM:<> SIZE=1001\r\n")) == "552 5.3.4");
  CHECK(codes(mx.send("MAIL FROM:<> SIZE=99999999999999999999\r\n")) == "552 5.3.4");
  CHECK(codes(mx.send("MAIL FROM:<> SIZE=1000\r\nRSET\r\n")) == "250 2.1.0, 250 2.0.0");
  (void)mx.send(envelope);
  CHECK(mx.send(std::string(1500, 'x')).empty());
  CHECK(mx.delivery.open_spools() == 0);
  CHECK(codes(mx.send(std::string(400, 'x') + "\r\n.\r\nNOOP\r\n")) == "552 5.3.4, 250 2.0.0");
  CHECK(mx.delivered().empty());
}

TEST_CASE("a message that goes on beyond twice the limit is not read to its end") {
  for (const Mode mode : {Mode::mx, Mode::lmtp}) {
    SessionFixture session(mode);
    session.delivery.set_message_bytes_max(1000);
    session.greet();
    (void)session.send(
        "MAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n");
    CHECK(session.send(std::string(2000, 'x')).empty());
    CHECK(codes(session.send("x")) == (mode == Mode::mx ? "552 5.3.4" : "552 5.3.4, 552 5.3.4"));
    CHECK(session.dialogue->ended());
    CHECK(session.delivered().empty());
  }
}

TEST_CASE("a message that trickles in is given up after half an hour, by DATA and by BDAT") {
  for (const std::string content : {"DATA\r\n", "BDAT 100000 LAST\r\n"}) {
    SessionFixture mx(Mode::mx);
    mx.delivery.set_message_bytes_max(4096 * 60);
    mx.greet();
    (void)mx.send("MAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\n" + content);
    for (int i = 0; i < 7; ++i) {
      mx.dialogue->wait(std::chrono::minutes(4));
      (void)mx.send("x");
    }
    CHECK_FALSE(mx.dialogue->ended());
    mx.dialogue->wait(std::chrono::minutes(2));
    (void)mx.send("x");
    CHECK_FALSE(mx.dialogue->ended());
    mx.dialogue->wait(std::chrono::minutes(2));
    CHECK(mx.dialogue->ended());
    CHECK(mx.delivery.open_spools() == 0);
  }
}

TEST_CASE("errors of delivery become replies, and the session goes on") {
  const std::vector<std::pair<Errc, std::string>> cases = {
      {Errc::unavailable, "451 4.3.0"}, {Errc::timed_out, "451 4.3.0"}, {Errc::busy, "451 4.3.0"},
      {Errc::no_space, "452 4.3.1"},    {Errc::too_large, "552 5.3.4"}, {Errc::invalid, "554 5.6.0"}};
  SessionFixture mx(Mode::mx);
  mx.greet();
  for (const auto& [code, reply] : cases) {
    mx.delivery.fail_with(code);
    CHECK(codes(mx.send(envelope + "x\r\n.\r\n")) == "250 2.1.0, 250 2.1.5, 354, " + reply);
  }
  mx.delivery.fail_with(std::nullopt);
  CHECK(codes(mx.send(envelope + "x\r\n.\r\n")) == "250 2.1.0, 250 2.1.5, 354, 250 2.0.0");
  CHECK(mx.delivered().size() == 1);
}

TEST_CASE("a client that vanishes inside DATA delivers nothing") {
  const std::string message = "Subject: x\r\n\r\ntext\r\n.\r";
  for (std::size_t bytes = 0; bytes <= message.size(); ++bytes) {
    CAPTURE(bytes);
    SessionFixture mx(Mode::mx);
    mx.greet();
    (void)mx.send(envelope + message.substr(0, bytes));
    if (bytes % 2 == 0) {
      mx.dialogue->vanish();
    } else {
      mx.dialogue->finish_sending();
    }
    CHECK(mx.dialogue->ended());
    CHECK(mx.delivered().empty());
    CHECK(mx.delivery.open_spools() == 0);
  }
}

TEST_CASE("a silent client inside DATA is given up after five minutes") {
  SessionFixture mx(Mode::mx);
  mx.greet();
  (void)mx.send(envelope + "text");
  mx.dialogue->wait(std::chrono::minutes(6));
  CHECK(mx.dialogue->ended());
  CHECK(mx.delivery.open_spools() == 0);
}

TEST_CASE("a stream that breaks at any step ends the session, and no message is delivered in part") {
  for (std::size_t step = 1;; ++step) {
    CAPTURE(step);
    SessionFixture mx(Mode::mx);
    (void)mx.start([&](testing::PipeStream& stream) {
      stream.read_at_most(40);
      stream.break_at_step(step);
    });
    (void)mx.send("EHLO client.test\r\n");
    (void)mx.send("STARTTLS\r\n");
    (void)mx.send("EHLO client.test\r\n");
    (void)mx.send(envelope);
    (void)mx.send("Subject: long enough for several reads of forty bytes\r\n\r\ntext\r\n.\r\n");
    const std::string last = mx.send("QUIT\r\n");
    CHECK(mx.dialogue->ended());
    CHECK(mx.delivery.open_spools() == 0);
    for (const auto& message : mx.delivered()) CHECK(message.bytes.ends_with("text\r\n"));
    if (!last.empty()) {
      CHECK(mx.delivered().size() == 1);
      CHECK(step > 10);
      break;
    }
  }
}

TEST_CASE(
    "RFC 5322, section 2.2.3: a first line that begins with a blank does not go on with our Received field") {
  for (const auto* text : {" From: nobody@x.test\r\nSubject: s\r\n\r\ntext\r\n", "\tx\r\n"}) {
    SessionFixture mx(Mode::mx);
    mx.greet();
    (void)mx.send(envelope);
    CHECK(codes(mx.send(std::string(text) + ".\r\n")) == "250 2.0.0");
    const auto& message = mx.delivered().at(0);
    CHECK(message.bytes == text);
    CHECK(message.trace_header.starts_with("Received: "));
    CHECK(message.trace_header.ends_with("\r\n\r\n"));
  }
  SessionFixture submission(Mode::submission, {.secure = true});
  submission.log_in();
  (void)submission.send("MAIL FROM:<alice@example.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n");
  CHECK(codes(submission.send(" x\r\nFrom: bob@example.test\r\n\r\n.\r\n")) == "250 2.0.0");
  const auto& header = submission.delivered().at(0).trace_header;
  CHECK(header.find("From: <alice@example.test>\r\n") != std::string::npos);
  CHECK(header.ends_with("\r\n\r\n"));
}

TEST_CASE("who has had too many messages or recipients is asked to come later") {
  struct Few final : ports::Limits {
    bool may_send_message(const std::string&, UserId user) override {
      return user.is_nil() && messages-- > 0;
    }
    bool may_name_recipient(const std::string&, UserId) override { return recipients-- > 0; }
    int messages = 2, recipients = 1;
  } few;
  SessionFixture mx(Mode::mx);
  mx.limits = &few;
  mx.greet();
  CHECK(codes(mx.send("MAIL FROM:<a@x.test>\r\nRCPT TO:<alice@example.test>\r\nRCPT "
                      "TO:<bob@example.test>\r\nRSET\r\n")) == "250 2.1.0, 250 2.1.5, 450 4.7.1, 250 2.0.0");
  CHECK(codes(mx.send("MAIL FROM:<>\r\nRSET\r\nMAIL FROM:<>\r\nNOOP\r\n")) ==
        "250 2.1.0, 250 2.0.0, 450 4.7.1, 250 2.0.0");
  SessionFixture submission(Mode::submission, {.secure = true});
  submission.limits = &few;
  submission.log_in();
  few.messages = 9;
  CHECK(codes(submission.send("MAIL FROM:<alice@example.test>\r\n")) == "450 4.7.1");
  SessionFixture lmtp(Mode::lmtp);
  lmtp.limits = &few;
  few.messages = 0;
  lmtp.greet();
  CHECK(codes(lmtp.send("MAIL FROM:<a@x.test>\r\nRCPT TO:<alice@example.test>\r\n")) ==
        "250 2.1.0, 250 2.1.5");
}
