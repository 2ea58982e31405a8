// BDAT as a session sees it (RFC 3030): whatever is wrong, no octet of a chunk is ever taken for a command.
#include "tests/unit/smtp/session_fixture.hpp"

using namespace gridmail;
using namespace gridmail::smtp;

namespace {

const std::string chunk_envelope = "MAIL FROM:<a@other.test>\r\nRCPT TO:<alice@example.test>\r\n";
/// What a smuggler hides in a chunk.
const std::string hidden_chunk =
    "\r\n.\r\nRSET\r\nMAIL FROM:<evil@other.test>\r\nRCPT TO:<bob@example.test>\r\nBDAT 4 LAST\r\nevil";

std::string bdat(const std::string& content, bool last = false) {
  return "BDAT " + std::to_string(content.size()) + (last ? " LAST" : "") + "\r\n" + content;
}

}  // namespace

TEST_CASE("RFC 3030, 2: chunks make up a message, however their bytes arrive") {
  for (const std::size_t pieces : {std::size_t{1}, std::size_t{3}, std::size_t{1000}}) {
    SessionFixture mx(Mode::mx);
    (void)mx.start([&](testing::PipeStream& stream) { stream.read_at_most(pieces); });
    (void)mx.send("EHLO client.test\r\n" + chunk_envelope);
    CHECK(codes(mx.send(bdat("Subject: x\r") + bdat("\n\r\n.\r\n..") + bdat("") + bdat("\r\n", true) +
                        "NOOP\r\n")) == "250 2.0.0, 250 2.0.0, 250 2.0.0, 250 2.0.0, 250 2.0.0");
    REQUIRE(mx.delivered().size() == 1);
    CHECK(mx.delivered()[0].bytes == "Subject: x\r\n\r\n.\r\n..\r\n");
  }
}

TEST_CASE("RFC 3030, 2: the last chunk may be empty") {
  SessionFixture mx(Mode::mx);
  mx.greet();
  (void)mx.send(chunk_envelope);
  CHECK(codes(mx.send(bdat("x\r\n") + "BDAT 0 LAST\r\n")) == "250 2.0.0, 250 2.0.0");
  CHECK(mx.delivered().at(0).bytes == "x\r\n");
}

TEST_CASE("what a chunk hides is content, or is dropped with it") {
  for (const std::size_t pieces : {std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
    CAPTURE(pieces);
    SessionFixture mx(Mode::mx);
    (void)mx.start([&](testing::PipeStream& stream) { stream.read_at_most(pieces); });
    CHECK(codes(mx.send("EHLO client.test\r\n" + bdat(hidden_chunk, true) + "NOOP\r\n"))
              .ends_with("503 5.5.1, 250 2.0.0"));
    CHECK(codes(mx.send("MAIL FROM:<>\r\n" + bdat(hidden_chunk) + bdat(hidden_chunk, true) + "NOOP\r\n")) ==
          "250 2.1.0, 554 5.5.1, 554 5.5.1, 250 2.0.0");
    CHECK(codes(mx.send("RCPT TO:<alice@example.test>\r\n" + bdat("a" + hidden_chunk) +
                        bdat("\r\n", true))) == "250 2.1.5, 250 2.0.0, 250 2.0.0");
    REQUIRE(mx.delivered().size() == 1);
    CHECK(mx.delivered()[0].bytes == "a" + hidden_chunk + "\r\n");
    CHECK(mx.delivered()[0].recipients.size() == 1);
  }
}

TEST_CASE("after a chunk that was refused the others of the message are dropped") {
  SessionFixture mx(Mode::mx);
  mx.greet();
  (void)mx.send(chunk_envelope);
  CHECK(codes(mx.send(bdat("bare\nlf") + bdat(hidden_chunk) + bdat("x\r\n", true) + "NOOP\r\n")) ==
        "550 5.5.2, 503 5.5.1, 503 5.5.1, 250 2.0.0");
  CHECK(mx.delivered().empty());
  CHECK(mx.delivery.open_spools() == 0);
}

TEST_CASE("where the end of a chunk is not known, the connection ends") {
  const std::vector<std::string> lines{"BDAT\r\n",
                                       "BDAT x\r\n",
                                       "BDAT -1 LAST\r\n",
                                       "BDAT 5 FIRST\r\n",
                                       "BDAT 5\n",
                                       "bdat 5\x01\r\n",
                                       "BDAT 99999999999999999999 LAST\r\n",
                                       "BDAT 80" + std::string(3000, ' ') + "LAST\r\n",
                                       "BDAT " + std::string(5000, '0') + "80 LAST\r\n",
                                       std::string(5000, ' ') + "BDAT 80 LAST\r\n"};
  for (const auto& line : lines) {
    CAPTURE(line);
    SessionFixture mx(Mode::mx);
    mx.greet();
    (void)mx.send(chunk_envelope);
    const auto heard = codes(mx.send(line + hidden_chunk));
    CHECK(heard.find(',') == std::string::npos);
    CHECK(heard.starts_with("5"));
    CHECK(mx.dialogue->ended());
    CHECK(mx.delivered().empty());
  }
}

TEST_CASE("RFC 3030, 2 and 3: nothing but chunks may follow a chunk, and BINARYMIME needs them") {
  SessionFixture mx(Mode::mx);
  mx.greet();
  (void)mx.send(chunk_envelope + bdat("x\r\n"));
  CHECK(codes(mx.send("DATA\r\nRCPT TO:<bob@example.test>\r\nMAIL FROM:<>\r\nNOOP\r\n")) ==
        "503 5.5.1, 503 5.5.1, 503 5.5.1, 250 2.0.0");
  CHECK(codes(mx.send("RSET\r\n" + bdat("x\r\n", true))) == "250 2.0.0, 503 5.5.1");
  CHECK(mx.delivery.open_spools() == 0);
  (void)mx.send("MAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<alice@example.test>\r\n");
  CHECK(codes(mx.send("DATA\r\n")) == "503 5.5.1");
  CHECK(codes(mx.send(bdat(std::string("a\nb\0", 4), true))) == "250 2.0.0");
  CHECK(mx.delivered().at(0).binary);
}

TEST_CASE("a message over the limit is refused at the chunk that makes it so") {
  SessionFixture mx(Mode::mx);
  mx.delivery.set_message_bytes_max(1000);
  mx.greet();
  (void)mx.send(chunk_envelope);
  CHECK(codes(mx.send(bdat(std::string(900, 'x')) + bdat(std::string(900, 'x')) + bdat("", true))) ==
        "250 2.0.0, 552 5.3.4, 503 5.5.1");
  CHECK(codes(mx.send(chunk_envelope + "BDAT 2001 LAST\r\n")) == "250 2.1.0, 250 2.1.5, 552 5.3.4");
  CHECK(mx.dialogue->ended());
}

TEST_CASE("RFC 2033, 4.2: over LMTP the last chunk is answered once for each recipient") {
  SessionFixture lmtp(Mode::lmtp);
  lmtp.greet();
  (void)lmtp.send("MAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nRCPT TO:<bob@example.test>\r\n");
  CHECK(codes(lmtp.send(bdat("x") + bdat("\r\n", true))) == "250 2.0.0, 250 2.1.5, 250 2.1.5");
}

TEST_CASE("a client that vanishes inside a chunk, or between two, delivers nothing") {
  for (const std::string rest : {"BDAT 10 LAST\r\nfive.", "BDAT 5\r\nfive.", "BDAT 5\r\nfive.BDAT 0 LAST"}) {
    SessionFixture mx(Mode::mx);
    mx.greet();
    (void)mx.send(chunk_envelope + rest);
    mx.dialogue->finish_sending();
    CHECK(mx.dialogue->ended());
    CHECK(mx.delivered().empty());
    CHECK(mx.delivery.open_spools() == 0);
  }
}

namespace {

/// What a client sends, and what must come of it.
struct Script {
  std::string bytes;
  std::vector<std::string> messages;

  void transaction(Random& random) {
    const bool named = random.chance(0.8), to_somebody = named && random.chance(0.8);
    if (named) bytes += "MAIL FROM:<a@other.test>\r\n";
    if (to_somebody) bytes += "RCPT TO:<alice@example.test>\r\n";
    const auto content = some_content(random);
    const bool breaks_rules = random.chance(0.2);  // and is then refused, at this chunk or at the next
    std::size_t at = 0;
    for (auto left = 1 + random.below(4); left > 0; --left) {
      const auto size = left == 1 ? content.size() - at : random.below(content.size() - at + 1);
      auto piece = content.substr(at, size);
      if (breaks_rules && at == 0) piece += "\n";
      at += size;
      bytes += bdat(piece, left == 1);
    }
    if (to_somebody && !breaks_rules) messages.push_back(content);
    bytes += "RSET\r\n";
  }

 private:
  static std::string some_content(Random& random) {
    const std::vector<std::string> fragments = {
        "\r\n.\r\n",        "RSET\r\n", "MAIL FROM:<evil@other.test>\r\n",
        "BDAT 1 LAST\r\nx", "DATA\r\n", "RCPT TO:<bob@example.test>\r\n",
        "QUIT\r\n",         "x"};
    std::string content;
    for (auto left = random.below(12); left > 0; --left) content += fragments[random.below(fragments.size())];
    return content;
  }
};

}  // namespace

TEST_CASE("in any conversation of chunks each message is what its chunks hold, and nothing else is one") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    SeededRandom random(seed);
    Script script;
    for (auto left = 1 + random.below(6); left > 0; --left) script.transaction(random);
    SessionFixture mx(Mode::mx);
    mx.settings.errors_max = 1000;
    const auto pieces = 1 + random.below(random.chance(0.5) ? 5 : 3000);
    (void)mx.start([&](testing::PipeStream& stream) { stream.read_at_most(pieces); });
    const auto heard = mx.send("EHLO client.test\r\n" + script.bytes + "QUIT\r\n");
    CHECK(codes(heard).ends_with("221 2.0.0"));
    REQUIRE(mx.delivered().size() == script.messages.size());
    for (std::size_t i = 0; i < script.messages.size(); ++i) {
      CHECK(mx.delivered()[i].bytes == script.messages[i]);
      CHECK(mx.delivered()[i].sender == "a@other.test");
      CHECK(mx.delivered()[i].recipients.size() == 1);
    }
  }
}
