// IDLE: RFC 2177; and sessions whose connection breaks.
#include "tests/unit/imap/session_fixture.hpp"

namespace gridmail::imap {
namespace {

TEST_CASE_FIXTURE(SessionFixture, "RFC 2177: in IDLE the client hears at once of what changes") {
  deliver_many(2);
  auto client = select();
  CHECK(client->send("a IDLE\r\n") == "+ idling\r\n");
  deliver_many(1);
  client->wait(Duration(1));
  CHECK(client->heard() == "* 3 EXISTS\r\n* 3 RECENT\r\n");
  mailboxes.set_flags(alice, "INBOX", 2, flags(ports::Flag::seen));
  client->wait(Duration(1));
  CHECK(client->heard() == "* 2 FETCH (FLAGS (\\Seen \\Recent))\r\n");
  mailboxes.expunge_now(alice, "INBOX", 1);
  client->wait(Duration(1));
  CHECK(client->heard() == "* 1 EXPUNGE\r\n");
  CHECK(client->send("DONE\r\n") == "a OK IDLE ended\r\n");
  CHECK(client->send("b NOOP\r\n") == "b OK Done\r\n");
}

TEST_CASE_FIXTURE(SessionFixture, "IDLE tells what was held back before") {
  deliver_many(2);
  auto client = select();
  mailboxes.expunge_now(alice, "INBOX", 1);
  client->send("a FETCH 2 UID\r\n");
  CHECK(client->send("b IDLE\r\n") == "* 1 EXPUNGE\r\n+ idling\r\n");
  CHECK(client->send("done\r\n") == "b OK IDLE ended\r\n");
}

TEST_CASE_FIXTURE(SessionFixture, "anything but DONE ends IDLE with BAD") {
  auto client = select();
  client->send("a IDLE\r\n");
  CHECK(has_line(client->send("b NOOP\r\n"), "a BAD "));
  CHECK(has_line(client->send("c NOOP\r\n"), "c OK "));
}

TEST_CASE_FIXTURE(SessionFixture, "DONE and the next command may come in any pieces") {
  auto client = select();
  client->send("a IDLE\r\n");
  client->send("DO");
  deliver_many(1);
  client->wait(Duration(1));
  CHECK(client->heard() == "* 1 EXISTS\r\n* 1 RECENT\r\n");
  CHECK(client->send("NE\r\nb NOOP\r\n") == "a OK IDLE ended\r\nb OK Done\r\n");
  CHECK(client->send("c IDLE\r\nDONE\r\nd IDLE\r\nDONE\r\n") ==
        "+ idling\r\nc OK IDLE ended\r\n+ idling\r\nd OK IDLE ended\r\n");
}

TEST_CASE_FIXTURE(SessionFixture, "a quiet IDLE gives signs of life, and ends with BYE after the idle time") {
  auto client = select();
  client->send("a IDLE\r\n");
  client->wait(std::chrono::minutes(5));
  CHECK(client->heard() == "* OK Still here\r\n* OK Still here\r\n");
  client->wait(std::chrono::minutes(26));
  CHECK(has_line(client->heard(), "* BYE "));
  CHECK(client->ended());
}

TEST_CASE_FIXTURE(SessionFixture, "IDLE without a selected mailbox waits as well") {
  auto client = log_in();
  client->send("a IDLE\r\n");
  client->wait(std::chrono::minutes(3));
  CHECK(client->heard() == "* OK Still here\r\n");
  CHECK(client->send("DONE\r\n") == "a OK IDLE ended\r\n");
}

TEST_CASE_FIXTURE(SessionFixture,
                  "promise 5: a slot that is away for a while ends no IDLE, and news come when it is back") {
  auto client = select();
  client->send("a IDLE\r\n");
  mailboxes.fail_with(Errc::unavailable);
  client->wait(std::chrono::minutes(3));
  mailboxes.fail_with(std::nullopt);
  deliver_many(1);
  static_cast<void>(client->heard());
  client->wait(std::chrono::seconds(3));
  CHECK(client->heard() == "* 1 EXISTS\r\n* 1 RECENT\r\n");
  CHECK(client->send("DONE\r\n") == "a OK IDLE ended\r\n");
}

TEST_CASE_FIXTURE(SessionFixture, "who idles in a mailbox that is deleted is told BYE") {
  auto client = select("Junk");
  client->send("a IDLE\r\n");
  auto other = log_in();
  other->send("b DELETE Junk\r\n");
  client->wait(Duration(1));
  CHECK(has_line(client->heard(), "* BYE "));
  CHECK(client->ended());
}

TEST_CASE_FIXTURE(SessionFixture, "a session ends cleanly whichever read or write breaks") {
  deliver_many(3);
  const std::string script =
      "a LOGIN {18}\r\nalice@example.test secret\r\nb SELECT INBOX\r\nc FETCH 1:* (FLAGS ENVELOPE "
      "BODY.PEEK[])\r\n"
      "d APPEND Sent {6}\r\na: b\r\n\r\ne SEARCH TEXT x\r\nf COPY 1 Archive\r\ng IDLE\r\n";
  const auto run = [&](std::size_t break_at) {
    testing::Dialogue client(
        context, clock, {}, [this](Stream& stream) { return serve(stream, services(), settings); },
        [break_at](testing::PipeStream& end) {
          end.read_at_most(20);
          if (break_at != 0) end.break_at_step(break_at);
        });
    client.send(script);
    deliver_many(1);
    client.send("DONE\r\nh LOGOUT\r\n");
    CHECK((break_at == 0 || client.ended()));
    return client.steps();
  };
  const std::size_t steps = run(0);
  CHECK(steps > 15);
  for (std::size_t step = 1; step <= steps; ++step) run(step);
}

TEST_CASE_FIXTURE(
    SessionFixture,
    "a session that is cut off in the middle of a message's literal is closed, not answered wrongly") {
  std::string message = "Subject: x\r\n\r\n" + std::string(1'400'000, 'x') + "\r\n";
  deliver(message);
  auto client = select();
  mailboxes.fail_reads_after(2);
  const auto heard = client->send("a FETCH 1 BODY.PEEK[]\r\n");
  CHECK(heard.find("a NO") == std::string::npos);
  CHECK(heard.find("a OK") == std::string::npos);
  CHECK(client->ended());
  mailboxes.fail_reads_after(0);
  auto other = select();
  CHECK(has_line(other->send("b FETCH 1 (FLAGS BODY.PEEK[])\r\n"), "b NO [UNAVAILABLE] "));
}

}  // namespace
}  // namespace gridmail::imap
