// A POP3 session over a pipe, with its ports in memory.
#pragma once
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "node/base/log.hpp"
#include "protocols/pop3/session.hpp"
#include "tests/support/dialogue.hpp"
#include "tests/support/memory_directory.hpp"
#include "tests/support/memory_mailboxes.hpp"

namespace gridmail::pop3 {

/// User alice at example.test. Start the session when settings, mail and faults are in place.
class SessionFixture {
 public:
  explicit SessionFixture(testing::PipeOptions pipe_options = {.secure = true})
      : options(std::move(pipe_options)) {
    set_log_level(Level::error);
    settings.hostname = "pop.example.test";
    alice = directory.add_user("alice@example.test", "secret word");
    mailboxes.add_user(alice);
  }

  std::string start(const std::function<void(testing::PipeStream&)>& prepare = {}) {
    dialogue.reset();
    dialogue = std::make_unique<testing::Dialogue>(
        context, clock, options,
        [this](Stream& stream) {
          return serve(stream, Services{directory, mailboxes, clock}, settings);
        },
        prepare);
    return dialogue->heard();
  }
  std::string send(std::string bytes) { return dialogue->send(std::move(bytes)); }
  /// Starts and logs alice in; gives the answer to PASS.
  std::string log_in() {
    (void)start();
    (void)send("USER alice@example.test\r\n");
    return send("PASS secret word\r\n");
  }

  asio::io_context context;
  testing::ManualClock clock;
  testing::MemoryDirectory directory;
  testing::MemoryMailboxes mailboxes{clock};
  testing::PipeOptions options;
  Settings settings;
  UserId alice;
  std::unique_ptr<testing::Dialogue> dialogue;
};

}  // namespace gridmail::pop3
