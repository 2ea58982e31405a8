// An SMTP session over a pipe, with its ports in memory.
#pragma once
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "node/base/log.hpp"
#include "protocols/smtp/session.hpp"
#include "tests/support/dialogue.hpp"
#include "tests/support/memory_delivery.hpp"
#include "tests/support/memory_directory.hpp"

namespace gridmail::smtp {

/// Users alice (alias al) and bob at example.test. Start the session when settings and faults are in place.
class SessionFixture {
 public:
  explicit SessionFixture(Mode mode, testing::PipeOptions pipe_options = {})
      : options(std::move(pipe_options)) {
    set_log_level(Level::error);  // deliveries and failed log-ins are what these tests are made of
    settings.mode = mode;
    settings.hostname = "mx.example.test";
    alice = directory.add_user("alice@example.test", "secret");
    bob = directory.add_user("bob@example.test", "geheim");
    directory.add_alias("al@example.test", "alice@example.test");
  }

  /// The session's greeting. Ends a session that was started before.
  std::string start(const std::function<void(testing::PipeStream&)>& prepare = {}) {
    dialogue.reset();
    dialogue = std::make_unique<testing::Dialogue>(
        context, clock, options,
        [this](Stream& stream) {
          return serve(stream, Services{directory, delivery, clock, random, nullptr, limits}, settings);
        },
        prepare);
    return dialogue->heard();
  }
  std::string send(std::string bytes) { return dialogue->send(std::move(bytes)); }
  /// Starts, greets, and forgets what was said.
  void greet() {
    (void)start();
    (void)send(settings.mode == Mode::lmtp ? "LHLO client.test\r\n" : "EHLO client.test\r\n");
  }
  /// Greets and logs alice in.
  void log_in() {
    greet();
    CHECK(send("AUTH PLAIN " + to_base64(std::string("\0alice@example.test\0secret", 26)) + "\r\n")
              .starts_with("235 "));
  }
  [[nodiscard]] const std::vector<testing::MemoryDelivery::Delivered>& delivered() const {
    return delivery.delivered();
  }

  asio::io_context context;
  testing::ManualClock clock;
  SeededRandom random{1};
  testing::MemoryDirectory directory;
  testing::MemoryDelivery delivery;
  testing::PipeOptions options;
  Settings settings;
  ports::Limits* limits = nullptr;
  UserId alice, bob;
  std::unique_ptr<testing::Dialogue> dialogue;
};

/// "250 2.1.0 250 2.1.5": the codes of all replies, for comparing whole conversations. Multi-line replies
/// count once.
inline std::string codes(const std::string& replies) {
  std::string list;
  for (std::size_t at = 0; at < replies.size();) {
    const std::size_t end = replies.find("\r\n", at);
    REQUIRE(end != std::string::npos);
    const std::string line = replies.substr(at, end - at);
    at = end + 2;
    if (line.size() > 3 && line[3] == '-') continue;
    std::string code = line.substr(0, 3);
    // An enhanced code starts with the reply's own class (RFC 2034, section 4).
    if (line.size() > 8 && line[4] == line[0] && line[5] == '.')
      code += line.substr(3, line.find(' ', 4) - 3);
    list += (list.empty() ? "" : ", ") + code;
  }
  return list;
}

}  // namespace gridmail::smtp
