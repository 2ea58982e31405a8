// The TRANSACTION and UPDATE states.
#include "tests/unit/pop3/session_fixture.hpp"

using namespace gridmail;
using namespace gridmail::pop3;

namespace {

const std::string first = "Subject: one\r\n\r\n.dot\r\nend\r\n";
const std::string second = "Subject: two\r\n\r\nno line end";

/// Two messages, logged in.
struct Filled : SessionFixture {
  Filled() {
    mailboxes.deliver(alice, "INBOX", first);
    mailboxes.deliver(alice, "INBOX", second);
    (void)log_in();
  }
  [[nodiscard]] std::size_t left() const { return mailboxes.uids_of(alice, "INBOX").count(); }
};

}  // namespace

TEST_CASE("RFC 1939, section 5: STAT, LIST and UIDL count the messages and their octets") {
  Filled pop;
  const auto octets = std::to_string(first.size() + second.size());
  CHECK(pop.send("STAT\r\n") == "+OK 2 " + octets + "\r\n");
  CHECK(pop.send("LIST\r\n") == "+OK 2 messages (" + octets + " octets)\r\n1 " +
                                    std::to_string(first.size()) + "\r\n2 " + std::to_string(second.size()) +
                                    "\r\n.\r\n");
  CHECK(pop.send("LIST 2\r\n") == "+OK 2 " + std::to_string(second.size()) + "\r\n");
  const std::string listing = pop.send("UIDL\r\n");
  const std::string unique_id = listing.substr(listing.find("\r\n1 ") + 4, 16);
  CHECK(unique_id.ends_with("00000001"));
  CHECK(pop.send("UIDL 1\r\n") == "+OK 1 " + unique_id + "\r\n");
  for (const char* wrong :
       {"LIST 3\r\n", "LIST 0\r\n", "LIST x\r\n", "UIDL 3\r\n", "RETR 3\r\n", "RETR\r\n", "DELE 0\r\n"}) {
    CHECK(pop.send(wrong) == "-ERR no such message\r\n");
  }
}

TEST_CASE("RFC 1939, section 5: RETR gives the message with its dots stuffed and its last line ended") {
  Filled pop;
  CHECK(pop.send("RETR 1\r\n") ==
        "+OK " + std::to_string(first.size()) + " octets\r\nSubject: one\r\n\r\n..dot\r\nend\r\n.\r\n");
  CHECK(pop.send("RETR 2\r\n") ==
        "+OK " + std::to_string(second.size()) + " octets\r\nSubject: two\r\n\r\nno line end\r\n.\r\n");
}

TEST_CASE("RETR streams a message whatever pieces storage gives it in") {
  SessionFixture pop;
  std::string message = "Subject: large\r\n\r\n";
  for (int i = 0; i < 50'000; ++i) message += ".line " + std::to_string(i) + "\r\n";
  pop.mailboxes.deliver(pop.alice, "INBOX", message);
  pop.mailboxes.read_at_most(99'999);
  (void)pop.log_in();
  const std::string answer = pop.send("RETR 1\r\n");
  std::string expected = message;
  for (std::size_t at = 0; (at = expected.find("\n.", at)) != std::string::npos; at += 3)
    expected.insert(at + 1, ".");
  CHECK(answer.substr(answer.find("\r\n") + 2) == expected + ".\r\n");
}

TEST_CASE("RFC 1939, section 7: TOP gives the header section and so many lines") {
  Filled pop;
  CHECK(pop.send("TOP 1 1\r\n") == "+OK top of message follows\r\nSubject: one\r\n\r\n..dot\r\n.\r\n");
  CHECK(pop.send("TOP 2 0\r\n") == "+OK top of message follows\r\nSubject: two\r\n\r\n.\r\n");
  CHECK(pop.send("TOP 3 0\r\n").starts_with("-ERR "));
  CHECK(pop.send("TOP 1\r\n").starts_with("-ERR "));
}

TEST_CASE("RFC 1939, section 5: DELE marks, RSET unmarks, and numbers never change") {
  Filled pop;
  CHECK(pop.send("DELE 1\r\n").starts_with("+OK "));
  CHECK(pop.send("DELE 1\r\n").starts_with("-ERR "));
  CHECK(pop.send("RETR 1\r\n").starts_with("-ERR "));
  CHECK(pop.send("STAT\r\n") == "+OK 1 " + std::to_string(second.size()) + "\r\n");
  CHECK(pop.send("LIST\r\n").find("\r\n2 ") != std::string::npos);
  CHECK(pop.send("RSET\r\n").starts_with("+OK maildrop has 2 "));
  CHECK(pop.send("DELE 2\r\nQUIT\r\n").ends_with("+OK bye (1 messages left)\r\n"));
  CHECK(pop.left() == 1);
  CHECK(pop.dialogue->ended());
}

TEST_CASE("RFC 1939, section 6: without QUIT nothing is deleted") {
  Filled pop;
  (void)pop.send("DELE 1\r\n");
  SUBCASE("the client vanishes") {
    pop.dialogue->vanish();
  }
  SUBCASE("the client finishes sending") {
    pop.dialogue->finish_sending();
  }
  SUBCASE("the client falls asleep") {
    pop.dialogue->wait(std::chrono::minutes(11));
  }
  CHECK(pop.dialogue->ended());
  CHECK(pop.left() == 2);
}

TEST_CASE("RFC 1939, section 3: an argument where none belongs is refused, and nothing is done") {
  Filled pop;
  (void)pop.send("DELE 1\r\n");
  for (const char* wrong : {"STAT 1", "RSET 1", "NOOP x", "CAPA x", "STLS x", "QUIT not yet"}) {
    CHECK(pop.send(std::string(wrong) + "\r\n") == "-ERR no argument is allowed here\r\n");
  }
  CHECK(pop.send("STAT \r\n") == "+OK 1 " + std::to_string(second.size()) + "\r\n");
  CHECK(pop.left() == 2);
}

TEST_CASE("RFC 2449, section 8: deletions that cannot be done are [SYS/TEMP], and none is done") {
  Filled pop;
  (void)pop.send("DELE 1\r\nDELE 2\r\n");
  pop.mailboxes.fail_with(Errc::unavailable);
  CHECK(pop.send("QUIT\r\n").starts_with("-ERR [SYS/TEMP] "));
  CHECK(pop.dialogue->ended());
  CHECK(pop.left() == 2);
}

TEST_CASE("the session sees the maildrop as at log-in, whatever others do meanwhile") {
  Filled pop;
  pop.mailboxes.deliver(pop.alice, "INBOX", "new\r\n");
  pop.mailboxes.expunge_now(pop.alice, "INBOX", 1);
  CHECK(pop.send("STAT\r\n").starts_with("+OK 2 "));
  CHECK(pop.send("RETR 1\r\n").starts_with("+OK "));
  CHECK(pop.send("DELE 1\r\nQUIT\r\n").find("-ERR") == std::string::npos);
  CHECK(pop.left() == 2);
}

TEST_CASE("a message that cannot be read is an error, never a part of it") {
  Filled pop;
  pop.mailboxes.fail_with(Errc::unavailable);
  CHECK(pop.send("RETR 1\r\n").starts_with("-ERR [SYS/TEMP] "));
  pop.mailboxes.fail_with(std::nullopt);
  CHECK(pop.send("RETR 1\r\n").starts_with("+OK "));
}

TEST_CASE("RFC 2449, section 6.6: pipelined commands are answered in order and in one write") {
  Filled pop;
  const std::size_t before = pop.dialogue->steps();
  CHECK(pop.send("STAT\r\nNOOP\r\nDELE 1\r\nRSET\r\nFOO\r\n") ==
        "+OK 2 " + std::to_string(first.size() + second.size()) +
            "\r\n+OK\r\n+OK message 1 will be deleted at QUIT\r\n+OK maildrop has 2 messages (" +
            std::to_string(first.size() + second.size()) + " octets)\r\n-ERR unknown command\r\n");
  CHECK(pop.dialogue->steps() - before == 2);
}

TEST_CASE("a maildrop of more messages than are asked for at once is whole") {
  SessionFixture pop;
  for (int i = 0; i < 5000; ++i) pop.mailboxes.deliver(pop.alice, "INBOX", "x\r\n");
  CHECK(pop.log_in() == "+OK maildrop has 5000 messages (15000 octets)\r\n");
  const std::string listing = pop.send("UIDL\r\n");
  CHECK(listing.find("\r\n5000 ") != std::string::npos);
  CHECK(listing.ends_with("\r\n.\r\n"));
}

TEST_CASE("a stream that breaks at any step ends the session, and deletes all or nothing") {
  for (std::size_t step = 1;; ++step) {
    CAPTURE(step);
    SessionFixture pop;
    pop.mailboxes.deliver(pop.alice, "INBOX", first);
    pop.mailboxes.deliver(pop.alice, "INBOX", second);
    (void)pop.start([&](testing::PipeStream& stream) { stream.break_at_step(step); });
    for (const char* command :
         {"USER alice@example.test\r\n", "PASS secret word\r\n", "RETR 1\r\n", "DELE 1\r\n", "DELE 2\r\n"}) {
      (void)pop.send(command);
    }
    const std::string last = pop.send("QUIT\r\n");
    CHECK(pop.dialogue->ended());
    const std::size_t left = pop.mailboxes.uids_of(pop.alice, "INBOX").count();
    CHECK((left == 0 || left == 2));
    if (last.empty()) continue;
    CHECK(left == 0);
    CHECK(step > 10);
    break;
  }
}

TEST_CASE("on a node that goes out of service, who has logged in goes on until QUIT") {
  SessionFixture pop;
  StopSignal stopping;
  pop.settings.stopping = &stopping;
  pop.mailboxes.deliver(pop.alice, "INBOX", first);
  (void)pop.log_in();
  stopping.set();
  pop.dialogue->wait(std::chrono::seconds(5));
  CHECK(pop.dialogue->heard().empty());
  CHECK(pop.send("DELE 1\r\n").starts_with("+OK"));
  CHECK(pop.send("QUIT\r\n").starts_with("+OK "));
  CHECK(pop.dialogue->ended());
  CHECK(pop.mailboxes.uids_of(pop.alice, "INBOX").count() == 0);
}

TEST_CASE("on such a node, who has not logged in is sent away at once, also with the greeting") {
  SessionFixture pop;
  StopSignal stopping;
  pop.settings.stopping = &stopping;
  (void)pop.start();
  (void)pop.send("USER alice@example.test\r\n");
  stopping.set();
  pop.dialogue->wait(std::chrono::milliseconds(10));
  CHECK(pop.dialogue->heard().starts_with("-ERR [SYS/TEMP] "));
  CHECK(pop.dialogue->ended());
  SessionFixture late;
  late.settings.stopping = &stopping;
  CHECK(late.start().starts_with("-ERR [SYS/TEMP] "));
  CHECK(late.dialogue->ended());
}

TEST_CASE("a removed user's session ends, and deletes nothing") {
  Filled pop;
  CHECK(pop.send("DELE 1\r\n").starts_with("+OK "));
  pop.directory.remove_user("alice@example.test");
  pop.dialogue->wait(std::chrono::seconds(3));
  CHECK(pop.send("RETR 2\r\n") == "-ERR [AUTH] this user was removed\r\n");
  CHECK(pop.dialogue->ended());
}
