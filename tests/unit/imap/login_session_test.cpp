// Before and around log-in: greeting, CAPABILITY, STARTTLS, LOGIN, AUTHENTICATE, LOGOUT, and what wrong input
// gets.
#include "node/base/bytes.hpp"
#include "tests/unit/imap/session_fixture.hpp"

namespace gridmail::imap {
namespace {

std::string plain(const std::string& login, const std::string& password) {
  return to_base64(std::string("\0", 1) + login + std::string("\0", 1) + password);
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 6.1: CAPABILITY, NOOP and LOGOUT in any state") {
  auto client = connect();
  CHECK(has_line(client->send("a CAPABILITY\r\n"), "* CAPABILITY IMAP4rev1 "));
  CHECK(client->send("b NOOP\r\n") == "b OK Done\r\n");
  const auto farewell = client->send("c LOGOUT\r\n");
  CHECK(has_line(farewell, "* BYE "));
  CHECK(has_line(farewell, "c OK "));
  CHECK(client->ended());
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 6.2.3: LOGIN with quoted strings and with literals") {
  auto client = connect();
  CHECK(client->send("a LOGIN {18}\r\n") == "+ Ready for the literal\r\n");
  CHECK(client->send("alice@example.test {6}\r\n") == "+ Ready for the literal\r\n");
  CHECK(has_line(client->send("secret\r\n"), "a OK [CAPABILITY "));
  CHECK(has_line(client->send("b LOGIN alice@example.test secret\r\n"), "b BAD "));
  auto other = connect();
  CHECK(has_line(other->send("a LOGIN \"alice@example.test\" {6+}\r\nsecret\r\n"), "a OK "));
}

TEST_CASE_FIXTURE(SessionFixture,
                  "RFC 5530: failed log-ins are told apart from a directory that cannot answer") {
  auto client = connect();
  CHECK(has_line(client->send("a LOGIN alice@example.test wrong\r\n"), "a NO [AUTHENTICATIONFAILED] "));
  directory.set_stale(true);
  CHECK(has_line(client->send("b LOGIN nobody@example.test x\r\n"), "b NO [UNAVAILABLE] "));
  CHECK(directory.failed_logins() == 1);
}

TEST_CASE_FIXTURE(SessionFixture, "too many failed log-ins end the connection") {
  auto client = connect();
  std::string heard;
  for (unsigned i = 0; i < settings.login_failures_max; ++i) {
    heard = client->send("a LOGIN alice@example.test wrong\r\n");
  }
  CHECK(has_line(heard, "* BYE "));
  CHECK(has_line(heard, "a NO [AUTHENTICATIONFAILED] "));
  CHECK(client->ended());
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 6.2.2: AUTHENTICATE PLAIN, with and without initial response") {
  auto client = connect();
  CHECK(client->send("a AUTHENTICATE PLAIN\r\n") == "+ \r\n");
  CHECK(has_line(client->send(plain("alice@example.test", "secret") + "\r\n"), "a OK [CAPABILITY "));
  auto other = connect();
  CHECK(has_line(other->send("a AUTHENTICATE PLAIN " + plain("alice@example.test", "secret") + "\r\n"),
                 "a OK "));
}

TEST_CASE_FIXTURE(SessionFixture,
                  "RFC 3501, 6.2.2: AUTHENTICATE is cancelled by *, and wrong base64 is BAD") {
  auto client = connect();
  client->send("a AUTHENTICATE PLAIN\r\n");
  CHECK(has_line(client->send("*\r\n"), "a BAD "));
  client->send("b AUTHENTICATE PLAIN\r\n");
  CHECK(has_line(client->send("not base64!\r\n"), "b BAD "));
  CHECK(has_line(client->send("c AUTHENTICATE PLAIN !!\r\n"), "c BAD "));
  CHECK(has_line(client->send("d AUTHENTICATE GSSAPI\r\n"), "d NO "));
  CHECK(has_line(client->send("e LOGIN alice@example.test secret\r\n"), "e OK "));
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 6.2.3: without TLS, log-in is disabled and says why") {
  testing::PipeOptions far;
  far.loopback = false;
  far.peer_address = "192.0.2.1";
  auto client = connect(far);
  CHECK(client->send("a CAPABILITY\r\n").find(" STARTTLS LOGINDISABLED") != std::string::npos);
  CHECK(has_line(client->send("b LOGIN alice@example.test secret\r\n"), "b NO [PRIVACYREQUIRED] "));
  CHECK(has_line(client->send("c AUTHENTICATE PLAIN\r\n"), "c NO [PRIVACYREQUIRED] "));
  CHECK(directory.failed_logins() == 0);
}

TEST_CASE_FIXTURE(SessionFixture,
                  "RFC 3501, 6.2.1: STARTTLS, after which bytes sent before it count for nothing") {
  testing::PipeOptions far;
  far.loopback = false;
  auto client = connect(far);
  CHECK(client->send("a STARTTLS\r\nb LOGIN alice@example.test secret\r\n") ==
        "a OK Begin TLS negotiation now\r\n");
  CHECK(client->send("c CAPABILITY\r\n").find(" AUTH=PLAIN") != std::string::npos);
  CHECK(has_line(client->send("d STARTTLS\r\n"), "d BAD "));
  CHECK(has_line(client->send("e LOGIN alice@example.test secret\r\n"), "e OK "));
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 3501, 3: commands of another state are BAD and change nothing") {
  auto client = connect();
  for (const char* command : {"SELECT INBOX", "LIST \"\" *", "FETCH 1 FLAGS", "IDLE", "CLOSE"}) {
    CHECK(has_line(client->send(std::string("a ") + command + "\r\n"), "a BAD "));
  }
  client->send("a LOGIN alice@example.test secret\r\n");
  for (const char* command :
       {"FETCH 1 FLAGS", "CLOSE", "CHECK", "EXPUNGE", "STARTTLS", "UID FETCH 1 FLAGS"}) {
    CHECK(has_line(client->send(std::string("a ") + command + "\r\n"), "a BAD "));
  }
  CHECK(has_line(client->send("a FETCH 1 FLAGS\r\n"), "a BAD Select a mailbox first"));
  CHECK(has_line(client->send("a LOGIN alice@example.test secret\r\n"), "a BAD Not possible in this state"));
}

TEST_CASE_FIXTURE(SessionFixture, "wrong commands are BAD, and too many in a row end the connection") {
  auto client = connect();
  CHECK(has_line(client->send("\r\n"), "* BAD "));
  CHECK(has_line(client->send("a XYZZY\r\n"), "a BAD "));
  CHECK(has_line(client->send("b NOOP\r\n"), "b OK "));
  std::string heard;
  for (unsigned i = 0; i < settings.bad_commands_max; ++i) {
    CHECK_FALSE(client->ended());
    heard = client->send("c XYZZY\r\n");
  }
  CHECK(has_line(heard, "* BYE "));
  CHECK(client->ended());
}

TEST_CASE_FIXTURE(SessionFixture, "lines and literals over the limit are refused before they are read") {
  auto client = connect();
  CHECK(has_line(client->send("a LOGIN " + std::string(70'000, 'x') + " y\r\n"), "a BAD "));
  CHECK(client->send("b LOGIN {100000}\r\n") == "b BAD [TOOBIG] Literal too large\r\n");
  CHECK(has_line(client->send("c NOOP\r\n"), "c OK "));
  CHECK(has_line(client->send("d LOGIN {100000+}\r\n" + std::string(100'000, '\n') + " x\r\n"), "d BAD "));
  CHECK(has_line(client->send("e NOOP\r\n"), "e OK "));
  CHECK(has_line(client->send("f LOGIN {99999999999+}\r\n"), "* BYE "));
  CHECK(client->ended());
}

TEST_CASE_FIXTURE(SessionFixture,
                  "RFC 3501, 5.4: a silent client is told BYE, before log-in soon, after it in 30 minutes") {
  auto client = connect();
  client->wait(settings.login_timeout + std::chrono::minutes(1));
  CHECK(has_line(client->heard(), "* BYE "));
  CHECK(client->ended());
  auto other = log_in();
  other->wait(std::chrono::minutes(29));
  CHECK(has_line(other->send("a NOOP\r\n"), "a OK "));
  other->wait(std::chrono::minutes(29));
  CHECK_FALSE(other->ended());
  other->wait(std::chrono::minutes(3));
  CHECK(other->heard() == "* BYE Silent for too long\r\n");
  CHECK(other->ended());
}

TEST_CASE_FIXTURE(SessionFixture, "a server that stops says BYE to a client that says nothing") {
  StopSignal stopping;
  settings.stopping = &stopping;
  std::unique_ptr<Session> session;
  testing::Dialogue client(context, clock, {}, [&](Stream& stream) {
    session = std::make_unique<Session>(context.get_executor(), stream, services(), settings);
    return session->run();
  });
  stopping.set();
  client.wait(std::chrono::seconds(1));
  CHECK(has_line(client.heard(), "* BYE "));
  CHECK(client.ended());
}

TEST_CASE_FIXTURE(SessionFixture, "RFC 2971 and RFC 5161: ID and ENABLE") {
  auto client = log_in();
  CHECK(has_line(client->send("a ID (\"name\" \"x\" \"version\" NIL)\r\n"), "* ID (\"name\" \"gridmail\")"));
  CHECK(has_line(client->send("b ID NIL\r\n"), "* ID "));
  CHECK(client->send("c ENABLE X-NOTHING\r\n") == "* ENABLED\r\nc OK Nothing of it needs enabling\r\n");
}

}  // namespace
}  // namespace gridmail::imap
