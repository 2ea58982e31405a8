#include "tests/unit/imap/session_fixture.hpp"

namespace gridmail::imap {

SessionFixture::SessionFixture() {
  settings.hostname = "mx.example.test";
  settings.allow_plaintext_login = true;
  alice = directory.add_user("alice@example.test", "secret");
  mailboxes.add_user(alice);
}

SessionFixture::Client SessionFixture::connect(const testing::PipeOptions& options) {
  auto client = std::make_unique<testing::Dialogue>(
      context, clock, options, [this](Stream& stream) { return serve(stream, services(), settings); });
  CHECK(has_line(client->heard(), "* OK [CAPABILITY IMAP4rev1 "));
  return client;
}

SessionFixture::Client SessionFixture::log_in() {
  auto client = connect();
  CHECK(has_line(client->send("in LOGIN alice@example.test secret\r\n"), "in OK [CAPABILITY "));
  return client;
}

SessionFixture::Client SessionFixture::select(const std::string& mailbox) {
  auto client = log_in();
  CHECK(has_line(client->send("sel SELECT " + mailbox + "\r\n"), "sel OK [READ-WRITE] "));
  return client;
}

void SessionFixture::deliver_many(int count) {
  for (int i = 1; i <= count; ++i) deliver("Subject: " + std::to_string(i) + "\r\n\r\nbody\r\n");
}

ports::Flags flags(std::uint8_t system, std::vector<std::string> keywords) {
  return {system, std::move(keywords)};
}

bool has_line(const std::string& text, const std::string& beginning) {
  return text.starts_with(beginning) || text.find("\r\n" + beginning) != std::string::npos;
}

}  // namespace gridmail::imap
