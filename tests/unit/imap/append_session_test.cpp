// APPEND: RFC 3501, section 6.3.11.
#include "tests/unit/imap/session_fixture.hpp"

namespace gridmail::imap {
namespace {

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 6.3.11: APPEND with flags and date, answered with APPENDUID") {
  auto client = log_in();
  CHECK(client->send("a APPEND Drafts (\\Draft $Work) \"01-Feb-2020 10:00:00 +0100\" {8}\r\n") ==
        "+ Ready for the message\r\n");
  CHECK(client->send("a: b\r\n\r\n\r\n") == "a OK [APPENDUID 1700000001 1] Appended\r\n");
  client->send("b SELECT Drafts\r\n");
  CHECK(
      has_line(client->send("c FETCH 1 (FLAGS INTERNALDATE RFC822)\r\n"),
               "* 1 FETCH (FLAGS (\\Seen \\Draft \\Recent $Work) INTERNALDATE \" 1-Feb-2020 10:00:00 +0100\" "
               "RFC822 {8}\r\na: b\r\n\r\n)\r\n"));
}

TEST_CASE_FIXTURE(SessionFixture, "bare LF becomes CRLF, NUL is refused") {
  auto client = log_in();
  CHECK(has_line(client->send("a APPEND INBOX {10+}\r\nSubject: x\r\n"), "a OK "));
  CHECK(has_line(client->send("b APPEND INBOX {8+}\r\na: b\n\nc\n\r\n"), "b OK "));
  CHECK(mailboxes.bytes_of(alice, "INBOX", 2) == "a: b\r\n\r\nc\r\n");
  CHECK(has_line(client->send(std::string("c APPEND INBOX {5+}\r\na: \0b\r\n", 28)), "c NO "));
  CHECK(mailboxes.uids_of(alice, "INBOX").count() == 2);
}

TEST_CASE_FIXTURE(SessionFixture, "a message appended to the selected mailbox is told of at once") {
  auto client = select();
  CHECK(client->send("a APPEND INBOX {6+}\r\na: b\r\n\r\n") ==
        "* 1 EXISTS\r\n* 1 RECENT\r\na OK [APPENDUID 1700000000 1] Appended\r\n");
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 6.3.11: a mailbox that does not exist gives TRYCREATE") {
  auto client = log_in();
  CHECK(has_line(client->send("a APPEND Nowhere {6+}\r\na: b\r\n\r\n"), "a NO [TRYCREATE] "));
  CHECK(has_line(client->send("b APPEND a//b {6}\r\n"), "b NO "));
  CHECK(has_line(client->send("c NOOP\r\n"), "c OK "));
}

TEST_CASE_FIXTURE(SessionFixture,
                  "a message over the limit is refused before it is sent, or skipped when it is on its way") {
  settings.message_bytes_max = 100'000;
  auto client = log_in();
  CHECK(has_line(client->send("a APPEND INBOX {100001}\r\n"), "a NO [TOOBIG] "));
  CHECK(has_line(client->send("b NOOP\r\n"), "b OK "));
  CHECK(has_line(client->send("c APPEND INBOX {100001+}\r\n" + std::string(100'001, 'x') + "\r\n"),
                 "c NO [TOOBIG] "));
  CHECK(has_line(client->send("d NOOP\r\n"), "d OK "));
  CHECK(has_line(client->send("e APPEND INBOX {900000000+}\r\n"), "* BYE "));
  CHECK(client->ended());
  CHECK(mailboxes.uids_of(alice, "INBOX").empty());
}

TEST_CASE_FIXTURE(SessionFixture, "before log-in nothing is taken") {
  auto client = connect();
  CHECK(has_line(client->send("a APPEND INBOX {10}\r\n"), "a BAD "));
  CHECK(has_line(client->send("b APPEND INBOX {3+}\r\nabc\r\n"), "b BAD "));
  CHECK(has_line(client->send("c NOOP\r\n"), "c OK "));
}

TEST_CASE_FIXTURE(SessionFixture, "text behind the message makes the command wrong, and nothing is stored") {
  auto client = log_in();
  CHECK(has_line(client->send("a APPEND INBOX {6+}\r\na: b\r\n x\r\n"), "a BAD "));
  CHECK(has_line(client->send("b APPEND INBOX {6+}\r\na: b\r\n {3+}\r\nabc\r\n"), "b BAD "));
  CHECK(has_line(client->send("c APPEND INBOX {0+}\r\n\r\n"), "c NO "));
  CHECK(has_line(client->send("d NOOP\r\n"), "d OK "));
  CHECK(mailboxes.uids_of(alice, "INBOX").empty());
}

TEST_CASE_FIXTURE(SessionFixture, "a client that vanishes in the middle of a message leaves nothing behind") {
  {
    auto client = log_in();
    client->send("a APPEND INBOX {1000+}\r\na: b\r\n\r\nthe beginning");
  }
  CHECK(mailboxes.uids_of(alice, "INBOX").empty());
}

TEST_CASE_FIXTURE(SessionFixture, "message lines may be 1 MiB") {
  auto client = log_in();
  const std::string message = "a: b\r\n\r\n" + std::string(1 << 20, 'x') + "\r\n";
  CHECK(has_line(
      client->send("a APPEND INBOX {" + std::to_string(message.size()) + "+}\r\n" + message + "\r\n"),
      "a OK "));
  CHECK(mailboxes.bytes_of(alice, "INBOX", 1) == message);
  for (const std::string_view end : {"\r\n", "\n", ""}) {
    const std::string longer = "a: b\r\n\r\n" + std::string((1 << 20) + 1, 'x').append(end);
    CHECK(has_line(
        client->send("b APPEND INBOX {" + std::to_string(longer.size()) + "+}\r\n" + longer + "\r\n"),
        "b NO [LIMIT] "));
  }
  CHECK(mailboxes.uids_of(alice, "INBOX").count() == 1);
}

TEST_CASE_FIXTURE(SessionFixture, "a full disk refuses the message after it came, and the session goes on") {
  auto client = log_in();
  mailboxes.fail_with(Errc::no_space, false);
  CHECK(has_line(client->send("a APPEND INBOX {6+}\r\na: b\r\n\r\n"), "a NO [OVERQUOTA] "));
  CHECK(has_line(client->send("b NOOP\r\n"), "b OK "));
}

}  // namespace
}  // namespace gridmail::imap
