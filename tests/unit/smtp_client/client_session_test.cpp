#include "protocols/smtp_client/client_session.hpp"

#include <doctest/doctest.h>

#include <memory>

#include "node/base/bytes.hpp"
#include "tests/support/dialogue.hpp"

using namespace gridmail;
using namespace gridmail::smtp;
using namespace std::chrono_literals;

namespace {

/// The session under test as the dialogue's server, and the test as the remote server.
class RemoteServer {
 public:
  explicit RemoteServer(testing::PipeOptions options = {}) : options_(std::move(options)) {
    settings.hostname = "me.test";
    mail.sender = "me@here.test";
    mail.recipients = {{"a@x.test", "", ""}, {"b@x.test", "", ""}};
    mail.trace = "Received: here\r\n";
    mail.body = "Subject: x\r\n\r\n.dot\r\nend\r\n";
  }
  void connect(const std::function<void(testing::PipeStream&)>& prepare = {}) {
    dialogue = std::make_unique<testing::Dialogue>(
        context, clock, options_, [this](Stream& stream) { return live(stream); }, prepare);
  }
  std::string say(const std::string& reply) { return dialogue->send(reply + "\r\n"); }
  /// Greeting and EHLO with these extensions.
  std::string greet(const std::string& extension = "PIPELINING", const std::string& another = "X") {
    connect();
    CHECK(say("220 mx.x.test") == "EHLO me.test\r\n");
    return say("250-mx.x.test\r\n250-" + another + "\r\n250 " + extension);
  }
  [[nodiscard]] std::string kinds() const {
    std::string text;
    for (const auto& verdict : verdicts)
      text += verdict.kind == Verdict::Kind::accepted  ? 'a'
              : verdict.kind == Verdict::Kind::refused ? 'r'
                                                       : 'd';
    return text;
  }

  asio::io_context context;
  testing::ManualClock clock;
  ClientSettings settings;
  ServerTerms terms;
  OutgoingMail mail;
  std::string header;  ///< for the mail's body to view
  std::size_t messages = 1;
  bool may_finish = true;
  std::optional<ClientSession::Trouble> trouble;
  std::vector<Verdict> verdicts;
  bool usable = false;
  bool answered = false;
  std::unique_ptr<testing::Dialogue> dialogue;

 private:
  /// The dialogue owns its stream; the session wants one of its own.
  class Borrowed final : public Stream {
   public:
    explicit Borrowed(Stream& stream) : stream_(stream) {}
    Task<std::size_t> read_some(char* out, std::size_t size) override { return stream_.read_some(out, size); }
    Task<void> write(BytesView bytes) override { return stream_.write(bytes); }
    void expires_at(TimePoint when) override { stream_.expires_at(when); }
    Task<void> start_tls() override { return stream_.start_tls(); }
    bool can_start_tls() const override { return stream_.can_start_tls(); }
    bool is_secure() const override { return stream_.is_secure(); }
    std::string peer_address() const override { return stream_.peer_address(); }
    bool peer_is_loopback() const override { return stream_.peer_is_loopback(); }
    std::string tls_version() const override { return stream_.tls_version(); }
    std::string tls_cipher() const override { return stream_.tls_cipher(); }
    void close() override { stream_.close(); }

   private:
    Stream& stream_;
  };
  Task<bool> allow() { co_return may_finish; }
  Task<void> live(Stream& stream) {
    ClientSession session(std::make_unique<Borrowed>(stream), clock, settings, terms);
    trouble = co_await session.open();
    for (std::size_t i = 0; i < messages && !trouble && (i == 0 || session.is_usable()); ++i) {
      ClientSession::MayFinish ask = [this] { return allow(); };
      verdicts = co_await session.send(mail, std::move(ask));
    }
    usable = session.is_usable();
    answered = session.has_answered();
    co_await session.quit();
  }

  testing::PipeOptions options_;
};

}  // namespace

TEST_CASE("a message goes out in one transaction, commands together, its dots doubled") {
  RemoteServer remote;
  CHECK(remote.greet() == "MAIL FROM:<me@here.test>\r\nRCPT TO:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\n");
  CHECK(remote.say("250 ok\r\n250 ok\r\n250 ok") == "");
  CHECK(remote.say("354 go") == "Received: here\r\nSubject: x\r\n\r\n..dot\r\nend\r\n.\r\n");
  CHECK(remote.say("250 2.0.0 taken") == "QUIT\r\n");
  CHECK(remote.kinds() == "aa");
  CHECK(remote.verdicts[0].text == "250 2.0.0 taken");
}

TEST_CASE("a server without PIPELINING gets one command at a time, one without EHLO a HELO") {
  RemoteServer remote;
  remote.connect();
  (void)remote.say("220 old");
  CHECK(remote.say("502 what?") == "HELO me.test\r\n");
  CHECK(remote.say("250 hello") == "MAIL FROM:<me@here.test>\r\n");
  CHECK(remote.say("250 ok") == "RCPT TO:<a@x.test>\r\n");
  CHECK(remote.say("550 5.1.1 no") == "RCPT TO:<b@x.test>\r\n");
  CHECK(remote.say("250 ok") == "DATA\r\n");
  (void)remote.say("354 go");
  (void)remote.say("250 ok");
  CHECK(remote.kinds() == "ra");
}

TEST_CASE("each recipient has the verdict of the reply that decided it") {
  const auto outcome = [](const std::string& replies, const std::string& end = {}) {
    RemoteServer remote;
    (void)remote.greet();
    (void)remote.say(replies);
    if (!end.empty()) (void)remote.say(end);
    return remote.kinds();
  };
  CHECK(outcome("550 no\r\n503 x\r\n503 x", "503 x") == "rr");
  CHECK(outcome("451 later\r\n503 x\r\n503 x", "503 x") == "dd");
  CHECK(outcome("250 ok\r\n550 no\r\n450 busy", "554 nobody") == "rd");
  CHECK(outcome("250 ok\r\n250 ok\r\n250 ok", "554 no") == "rr");
  CHECK(outcome("250 ok\r\n250 ok\r\n250 ok", "451 no") == "dd");
  CHECK(outcome("250 ok\r\n250 ok\r\n250 ok", "250 what") == "dd");
  CHECK(outcome("250 ok\r\n250 ok\r\n550 no", "354 go\r\n554 5.6.0 spam") == "rr");
  CHECK(outcome("250 ok\r\n250 ok\r\n250 ok", "354 go\r\n452 full") == "dd");
  CHECK(outcome("250 ok\r\n550 no\r\n421 closing") == "rd");
  CHECK(outcome("250 ok\r\n250 ok\r\n552 enough", "354 go\r\n250 ok") == "ad");
  CHECK(outcome("250 ok\r\n250 ok\r\n552 5.2.2 full", "354 go\r\n250 ok") == "ar");
  CHECK(outcome("250 ok\r\n552 full\r\n250 ok", "354 go\r\n250 ok") == "ra");
  CHECK(outcome("333 ok\r\n250 ok\r\n250 ok", "503 x") == "dd");
}

TEST_CASE("RFC 2920, 3.1: a server that would take a message for nobody is left without the end of it") {
  RemoteServer remote;
  (void)remote.greet();
  CHECK(remote.say("250 ok\r\n550 no\r\n550 no\r\n354 go") == "");
  CHECK(remote.kinds() == "rr");
  CHECK_FALSE(remote.usable);
}

TEST_CASE("a second message goes over the same connection, after RSET where the first one failed") {
  RemoteServer remote;
  remote.messages = 2;
  (void)remote.greet();
  CHECK(remote.say("550 no\r\n503 x\r\n503 x\r\n503 x") ==
        "RSET\r\nMAIL FROM:<me@here.test>\r\nRCPT TO:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\n");
  CHECK(remote.say("250 reset\r\n250 ok\r\n250 ok\r\n250 ok") == "");
  (void)remote.say("354 go");
  (void)remote.say("250 ok");
  CHECK(remote.kinds() == "aa");
}

TEST_CASE("RFC 5321, 3.8: 421 to MAIL is about the message only on a connection that is new") {
  RemoteServer fresh;
  (void)fresh.greet();
  (void)fresh.say("421 4.3.2 going down");
  CHECK(fresh.kinds() == "dd");
  CHECK(fresh.answered);
  for (const std::string extension : {"PIPELINING", "SIZE"}) {
    RemoteServer used;
    used.messages = 2;
    (void)used.greet(extension);
    for (const auto* reply : {"250 ok", "250 ok", "250 ok", "354 go"}) (void)used.say(reply);
    CHECK(used.say("250 taken").starts_with("MAIL FROM:"));
    (void)used.say("421 4.4.2 this connection has had its time");
    CHECK(used.kinds() == "dd");
    CHECK_FALSE(used.usable);
    CHECK_FALSE(used.answered);
  }
}

TEST_CASE("rubbish, silence and a hang-up at any point leave the message deferred") {
  const std::vector<std::string> script{"220 mx", "250-mx\r\n250 PIPELINING", "250 ok\r\n250 ok\r\n250 ok",
                                        "354 go"};
  for (std::size_t steps = 0; steps <= script.size(); ++steps) {
    for (int how = 0; how < 3; ++how) {
      RemoteServer remote;
      remote.connect();
      for (std::size_t i = 0; i < steps; ++i) (void)remote.say(script[i]);
      if (how == 0) (void)remote.say("\x16\x03\x01 rubbish");
      if (how == 1) remote.dialogue->wait(11min);
      if (how == 2) remote.dialogue->vanish();
      CHECK(remote.dialogue->ended());
      if (steps < 2) {
        REQUIRE(remote.trouble);
        CHECK(remote.trouble->verdict.kind == Verdict::Kind::deferred);
      } else {
        CHECK(remote.kinds() == "dd");
      }
      CHECK(!remote.usable);
    }
  }
}

TEST_CASE("a server that talks for ever is left") {
  RemoteServer remote;
  remote.connect();
  for (int i = 0; i < 200 && !remote.dialogue->ended(); ++i) (void)remote.say("220-still here");
  CHECK(remote.trouble);
  RemoteServer wide;
  wide.connect();
  (void)wide.say("220 " + std::string(10'000, 'x'));
  CHECK(wide.trouble);
}

TEST_CASE("a reply has its time as a whole, and so has a transaction, however slowly their lines come") {
  RemoteServer remote;
  remote.connect();
  (void)remote.say("220-still");
  remote.dialogue->wait(4min);
  (void)remote.say("220-here");
  CHECK(!remote.trouble);
  remote.dialogue->wait(2min);
  CHECK(remote.trouble);

  RemoteServer one_by_one;
  for (int i = 0; i < 20; ++i) one_by_one.mail.recipients.push_back({std::to_string(i) + "@x.test", "", ""});
  (void)one_by_one.greet("X");
  int replies = 0;
  for (; replies < 22 && !one_by_one.dialogue->ended(); ++replies) {
    one_by_one.dialogue->wait(4min);
    if (!one_by_one.dialogue->ended()) (void)one_by_one.say("250 ok");
  }
  CHECK(replies < 10);
  CHECK(one_by_one.kinds() == std::string(22, 'd'));
}

TEST_CASE("without the right to finish, the end of the message is never sent") {
  RemoteServer remote;
  remote.may_finish = false;
  (void)remote.greet();
  (void)remote.say("250 ok\r\n250 ok\r\n250 ok");
  CHECK(remote.say("354 go").find("\r\n.\r\n") == std::string::npos);
  CHECK(remote.kinds() == "dd");
  CHECK(remote.dialogue->ended());
}

TEST_CASE("what the server said that it does not take is not offered to it") {
  RemoteServer small;
  CHECK(small.greet("SIZE 10") == "QUIT\r\n");
  CHECK(small.kinds() == "rr");
  CHECK(small.verdicts[0].status == "5.3.4");
  RemoteServer seven;
  seven.mail.body = "Subject: \xc3\xa4\r\n\r\n";
  CHECK(seven.greet("PIPELINING") == "QUIT\r\n");
  CHECK(seven.verdicts[0].status == "5.6.3");
}

TEST_CASE("RFC 6152, 3: 8-bit text is re-encoded for a server that takes seven bits") {
  RemoteServer seven;
  seven.mail.body = "Subject: x\r\n\r\n\xe4\r\n";
  CHECK(seven.greet("PIPELINING", "SIZE 10000").starts_with("MAIL FROM:<me@here.test> SIZE="));
  (void)seven.say("250 ok\r\n250 ok\r\n250 ok");
  CHECK(seven.say("354 go").ends_with("Content-Transfer-Encoding: quoted-printable\r\n\r\n=E4\r\n.\r\n"));
  (void)seven.say("250 ok");
  CHECK(seven.kinds() == "aa");
  RemoteServer with_signature;
  with_signature.mail.body = "Subject: x\r\n\r\n\xe4\r\n";
  with_signature.mail.trace = "Received: here\r\nDKIM-Signature: v=1;\r\n\tb=xyz\r\nX-Another: y\r\n";
  (void)with_signature.greet("PIPELINING");
  (void)with_signature.say("250 ok\r\n250 ok\r\n250 ok");
  CHECK(with_signature.say("354 go").starts_with("Received: here\r\nX-Another: y\r\nSubject: x\r\n"));
}

TEST_CASE(
    "RFC 6531, 3.6: without SMTPUTF8 who cannot be reached is refused, and the others get the message") {
  RemoteServer old;
  old.mail.utf8 = true;
  old.mail.recipients[0].address = "\xc3\xa4@x.test";
  CHECK(old.greet() == "MAIL FROM:<me@here.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\n");
  CHECK(old.say("250 ok\r\n250 ok") == "");
  (void)old.say("354 go");
  (void)old.say("250 ok");
  CHECK(old.kinds() == "ra");
  CHECK(old.verdicts[0].status == "5.6.7");

  for (const bool in_sender : {true, false}) {
    RemoteServer none;
    none.mail.utf8 = true;
    (in_sender ? none.mail.sender : none.header) =
        in_sender ? "\xc3\xa4@x.test" : "Subject: \xc3\xa4\r\n\r\n";
    if (!in_sender) none.mail.body = none.header;
    CHECK(none.greet("PIPELINING", "8BITMIME") == "QUIT\r\n");
    CHECK(none.kinds() == "rr");
    CHECK(none.verdicts[0].status == (in_sender ? "5.6.7" : "5.6.9"));
  }

  RemoteServer able;
  able.mail.utf8 = true;
  able.mail.sender = "\xc3\xa4@x.test";
  CHECK(able.greet("PIPELINING", "SMTPUTF8").starts_with("MAIL FROM:<\xc3\xa4@x.test> SMTPUTF8\r\n"));
}

TEST_CASE("RFC 9422: a server gets no more recipients at once, and no more messages, than it said") {
  RemoteServer few;
  few.mail.recipients.push_back({"c@x.test", "", ""});
  CHECK(few.greet("PIPELINING", "LIMITS MAILMAX=2 RCPTMAX=1 NEW=x") ==
        "MAIL FROM:<me@here.test>\r\nRCPT TO:<a@x.test>\r\nDATA\r\n");
  CHECK(few.say("250 ok\r\n250 ok") == "");
  (void)few.say("354 go");
  CHECK(few.say("250 ok") == "MAIL FROM:<me@here.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\n");
  CHECK(few.say("250 ok\r\n250 ok") == "");
  (void)few.say("354 go");
  CHECK(few.say("250 ok") == "QUIT\r\n");
  CHECK(few.kinds() == "aad");
}

TEST_CASE("TLS is taken where it is offered, and nothing from before counts after it") {
  RemoteServer remote;
  CHECK(remote.greet("STARTTLS") == "STARTTLS\r\n");
  CHECK(remote.say("220 go") == "EHLO me.test\r\n");
  (void)remote.say("250 mx");
  CHECK(remote.dialogue->session_end().is_secure());

  RemoteServer smuggler;
  (void)smuggler.greet("STARTTLS");
  (void)smuggler.say("220 go\r\n250 injected");
  CHECK(smuggler.trouble);

  RemoteServer plain;
  plain.terms.tls = ClientTls::required;
  (void)plain.greet("PIPELINING");
  REQUIRE(plain.trouble);
  CHECK(plain.trouble->verdict.kind == Verdict::Kind::deferred);
}

TEST_CASE("RFC 8689: what requires TLS goes under TLS, to who announces REQUIRETLS there, or comes back") {
  RemoteServer remote;
  remote.terms.tls = ClientTls::required;
  remote.terms.require_tls_onwards = remote.mail.require_tls = true;
  CHECK(remote.greet("STARTTLS", "REQUIRETLS") == "STARTTLS\r\n");
  CHECK(remote.say("220 go") == "EHLO me.test\r\n");
  const auto mail = remote.say("250-mx.x.test\r\n250-SIZE\r\n250 REQUIRETLS");
  CHECK(mail.starts_with("MAIL FROM:<me@here.test> SIZE="));
  CHECK(mail.ends_with(" REQUIRETLS\r\n"));

  RemoteServer silent;  // of it under TLS: what was said before counts for nothing
  silent.terms.tls = ClientTls::required;
  silent.terms.require_tls_onwards = silent.mail.require_tls = true;
  (void)silent.greet("STARTTLS", "REQUIRETLS");
  (void)silent.say("220 go");
  (void)silent.say("250-mx.x.test\r\n250 SIZE");
  REQUIRE(silent.trouble);
  CHECK(silent.trouble->verdict.kind == Verdict::Kind::refused);
  CHECK(silent.trouble->verdict.status == "5.7.30");

  RemoteServer plain;
  plain.terms.tls = ClientTls::required;
  plain.terms.require_tls_onwards = plain.mail.require_tls = true;
  (void)plain.greet("REQUIRETLS");
  REQUIRE(plain.trouble);
  CHECK(plain.trouble->verdict.status == "5.7.30");
}

TEST_CASE("a password goes to loopback or under TLS, and its refusal is no message's fault") {
  RemoteServer remote;
  remote.terms.credentials = ClientCredentials{"grid", "secret"};
  CHECK(remote.greet("AUTH PLAIN") == "AUTH PLAIN " + to_base64(std::string("\0grid\0secret", 12)) + "\r\n");
  (void)remote.say("535 5.7.8 no");
  REQUIRE(remote.trouble);
  CHECK(remote.trouble->verdict.kind == Verdict::Kind::deferred);

  testing::PipeOptions options;
  options.loopback = false;
  RemoteServer far(options);
  far.terms.credentials = ClientCredentials{"grid", "secret"};
  (void)far.greet("AUTH PLAIN LOGIN");
  CHECK(far.trouble);

  RemoteServer login;
  login.terms.credentials = ClientCredentials{"grid", "secret"};
  CHECK(login.greet("AUTH LOGIN") == "AUTH LOGIN\r\n");
  CHECK(login.say("334 VXNlcm5hbWU6") == to_base64("grid") + "\r\n");
  CHECK(login.say("334 UGFzc3dvcmQ6") == to_base64("secret") + "\r\n");
  CHECK(login.say("235 welcome") == "MAIL FROM:<me@here.test>\r\n");
}

TEST_CASE("RFC 2033, 4.2: over LMTP each recipient has a reply of its own to the end of data") {
  RemoteServer remote;
  remote.terms.lmtp = true;
  remote.mail.recipients = {{"a@x.test", "", ""}, {"b@x.test", "", ""}, {"c@x.test", "", ""}};
  remote.connect();
  CHECK(remote.say("220 lmtp.x.test") == "LHLO me.test\r\n");
  (void)remote.say("250-lmtp.x.test\r\n250 PIPELINING");
  CHECK(remote.say("250 ok\r\n250 ok\r\n550 5.1.1 who?\r\n250 ok") == "");
  (void)remote.say("354 go");
  CHECK(remote.say("250 2.0.0 taken") == "");
  CHECK(remote.say("452 4.2.2 full") == "QUIT\r\n");
  CHECK(remote.kinds() == "ard");
  CHECK(remote.verdicts[2].text == "452 4.2.2 full");
}

TEST_CASE("over LMTP, who had no reply when the connection broke is tried again, and nobody else") {
  RemoteServer remote;
  remote.terms.lmtp = true;
  remote.connect();
  (void)remote.say("220 lmtp.x.test");
  (void)remote.say("250-lmtp.x.test\r\n250 PIPELINING");
  (void)remote.say("250 ok\r\n250 ok\r\n250 ok");
  (void)remote.say("354 go");
  (void)remote.say("250 2.0.0 taken");
  remote.dialogue->finish_sending();
  CHECK(remote.kinds() == "ad");
  CHECK_FALSE(remote.usable);
}

TEST_CASE("a server of LMTP that does not know LHLO is not tried with HELO") {
  RemoteServer remote;
  remote.terms.lmtp = true;
  remote.connect();
  (void)remote.say("220 smtp.x.test");
  (void)remote.say("500 what?");
  REQUIRE(remote.trouble);
  CHECK(remote.trouble->verdict.text == "500 what?");
}
