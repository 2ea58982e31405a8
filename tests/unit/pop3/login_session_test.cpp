// The AUTHORIZATION state: greeting, CAPA, USER and PASS, AUTH, STLS.
#include "tests/unit/pop3/session_fixture.hpp"

using namespace gridmail;
using namespace gridmail::pop3;

namespace {
const std::string alice_plain = to_base64(std::string("\0alice@example.test\0secret word", 31));
const std::string wrong_plain = to_base64(std::string("\0alice@example.test\0wrong", 25));
}  // namespace

TEST_CASE("RFC 1939, section 4: the server speaks first, and offers no APOP timestamp") {
  SessionFixture pop;
  CHECK(pop.start() == "+OK pop.example.test gridmail POP3 ready\r\n");
}

TEST_CASE("RFC 1939, section 7: USER and PASS open the maildrop; a password may hold blanks") {
  SessionFixture pop;
  pop.mailboxes.deliver(pop.alice, "INBOX", "Subject: x\r\n\r\nhello\r\n");
  CHECK(pop.log_in() == "+OK maildrop has 1 messages (21 octets)\r\n");
  CHECK(pop.send("USER alice@example.test\r\n").starts_with("-ERR "));
}

TEST_CASE("RFC 3206, section 4: a wrong password is [AUTH], a directory that cannot tell is [SYS/TEMP]") {
  SessionFixture pop;
  (void)pop.start();
  CHECK(pop.send("USER nobody@example.test\r\n").starts_with("+OK"));
  CHECK(pop.send("PASS x\r\n").starts_with("-ERR [AUTH] "));
  CHECK(pop.send("PASS secret word\r\n") == "-ERR USER first\r\n");
  pop.directory.set_stale(true);
  CHECK(pop.send("USER nobody@example.test\r\nPASS x\r\n").find("-ERR [SYS/TEMP] ") != std::string::npos);
  CHECK(pop.send("STAT\r\n") == "-ERR log in first\r\n");
}

TEST_CASE(
    "a maildrop that cannot be opened leaves the session in AUTHORIZATION, never with an empty answer") {
  SessionFixture pop;
  pop.mailboxes.fail_with(Errc::unavailable);
  CHECK(pop.log_in().starts_with("-ERR [SYS/TEMP] "));
  CHECK(pop.send("STAT\r\n") == "-ERR log in first\r\n");
  pop.mailboxes.fail_with(std::nullopt);
  CHECK(pop.send("USER alice@example.test\r\nPASS secret word\r\n").ends_with("(0 octets)\r\n"));
}

TEST_CASE("RFC 5034, section 4: AUTH PLAIN with and without initial response, and cancelled") {
  SessionFixture pop;
  (void)pop.start();
  CHECK(pop.send("AUTH\r\n") == "+OK mechanisms follow\r\nPLAIN\r\n.\r\n");
  CHECK(pop.send("AUTH CRAM-MD5\r\n").starts_with("-ERR "));
  CHECK(pop.send("AUTH PLAIN\r\n") == "+ \r\n");
  CHECK(pop.send("*\r\n").starts_with("-ERR "));
  CHECK(pop.send("AUTH PLAIN =\r\n").starts_with("-ERR "));
  CHECK(pop.send("AUTH PLAIN not*base64\r\n").starts_with("-ERR "));
  CHECK(pop.send("AUTH PLAIN " + wrong_plain + "\r\n").starts_with("-ERR [AUTH] "));
  CHECK(pop.send("AUTH PLAIN " + alice_plain + "\r\n").starts_with("+OK "));
  (void)pop.start();
  CHECK(pop.send("AUTH plain\r\n") == "+ \r\n");
  CHECK(pop.send(alice_plain + "\r\n").starts_with("+OK "));
}

TEST_CASE("RFC 2449, section 5: CAPA announces what would be taken, and nothing else") {
  SessionFixture plain({.secure = false});
  (void)plain.start();
  CHECK(plain.send("CAPA\r\n") ==
        "+OK capabilities follow\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nEXPIRE "
        "NEVER\r\nSTLS\r\n"
        "IMPLEMENTATION gridmail\r\n.\r\n");
  SessionFixture secure;
  (void)secure.start();
  const std::string before = secure.send("CAPA\r\n");
  CHECK(before.find("USER\r\nSASL PLAIN\r\n") != std::string::npos);
  CHECK(before.find("STLS") == std::string::npos);
  (void)secure.log_in();
  CHECK(secure.send("CAPA\r\n").find("SASL") == std::string::npos);
}

TEST_CASE("RFC 2595, section 2.2: no password is taken in plain text, but from loopback when allowed") {
  for (const bool loopback : {false, true}) {
    for (const bool allowed : {false, true}) {
      SessionFixture pop({.secure = false, .loopback = loopback});
      pop.settings.allow_plaintext_login = allowed;
      const bool let_in = pop.log_in().starts_with("+OK ");
      CHECK(let_in == (loopback && allowed));
      if (!let_in) CHECK(pop.send("AUTH PLAIN " + alice_plain + "\r\n") == "-ERR STLS first\r\n");
    }
  }
}

TEST_CASE("RFC 2595, section 4: STLS, once, and with nothing slipped in behind it") {
  SessionFixture pop({.secure = false});
  (void)pop.start();
  CHECK(pop.send("STLS\r\n") == "+OK begin TLS\r\n");
  CHECK(pop.dialogue->session_end().is_secure());
  CHECK(pop.send("STLS\r\n").starts_with("-ERR "));
  CHECK(pop.send("USER alice@example.test\r\nPASS secret word\r\n").find("+OK maildrop") !=
        std::string::npos);
  SessionFixture other({.secure = false});
  (void)other.start();
  CHECK(other.send("STLS\r\nUSER evil\r\n").starts_with("-ERR "));
  CHECK(other.dialogue->ended());
  CHECK_FALSE(other.dialogue->session_end().is_secure());
}

TEST_CASE("wrong commands and failed log-ins have a limit") {
  SessionFixture pop;
  pop.settings.errors_max = 2;
  (void)pop.start();
  (void)pop.send("FOO\r\n");
  CHECK_FALSE(pop.dialogue->ended());
  CHECK(pop.send("FOO\r\n").find("too many errors") != std::string::npos);
  CHECK(pop.dialogue->ended());
  pop.settings.login_failures_max = 2;
  (void)pop.start();
  CHECK(pop.send("AUTH PLAIN " + wrong_plain + "\r\nAUTH PLAIN " + wrong_plain + "\r\nNOOP\r\n")
            .find("log in") == std::string::npos);
  CHECK(pop.dialogue->ended());
}

TEST_CASE("after log-in no number of errors ends the session") {
  SessionFixture pop;
  (void)pop.log_in();
  for (int i = 0; i < 50; ++i) CHECK(pop.send("LIST 99\r\n").starts_with("-ERR "));
  CHECK_FALSE(pop.dialogue->ended());
  CHECK(pop.send("NOOP\r\n").starts_with("+OK"));
}

TEST_CASE("over-long lines and NUL are refused, and the next command is heard") {
  SessionFixture pop;
  (void)pop.start();
  CHECK(pop.send(std::string(50'000, 'x') + "\r\n") == "-ERR line too long\r\n");
  CHECK(pop.send(std::string("NO\0OP\r\n", 7)) == "-ERR NUL in a command\r\n");
  CHECK(pop.send("QUIT\n") == "+OK bye\r\n");
}

TEST_CASE("RFC 1939, section 3: an idle client is given up after ten minutes") {
  SessionFixture pop;
  (void)pop.log_in();
  pop.dialogue->wait(std::chrono::seconds(590));
  CHECK(pop.send("NOOP\r\n") == "+OK\r\n");
  pop.dialogue->wait(std::chrono::seconds(590));
  CHECK_FALSE(pop.dialogue->ended());
  pop.dialogue->wait(std::chrono::seconds(20));
  CHECK(pop.dialogue->ended());
}
