// An IMAP server over ports in memory, with one user, and clients that talk to it.
#pragma once
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "protocols/imap/imap_session.hpp"
#include "tests/support/dialogue.hpp"
#include "tests/support/memory_directory.hpp"
#include "tests/support/memory_mailboxes.hpp"

namespace gridmail::imap {

class SessionFixture {
 public:
  using Client = std::unique_ptr<testing::Dialogue>;

  SessionFixture();

  /// The greeting has been heard.
  Client connect(const testing::PipeOptions& options = {});
  Client log_in();
  Client select(const std::string& mailbox = "INBOX");

  Uid deliver(const std::string& bytes, ports::Flags flags = {}) {
    return mailboxes.deliver(alice, "INBOX", bytes, std::move(flags));
  }
  /// As many small messages; the first has the UID 1 in an empty INBOX.
  void deliver_many(int count);

  asio::io_context context;
  testing::ManualClock clock;
  testing::MemoryDirectory directory;
  testing::MemoryMailboxes mailboxes{clock};
  Settings settings;
  UserId alice;

  [[nodiscard]] Services services() { return {directory, mailboxes, clock}; }
};

/// The system flags alone.
[[nodiscard]] ports::Flags flags(std::uint8_t system, std::vector<std::string> keywords = {});

/// Whether the text has a line that starts so.
[[nodiscard]] bool has_line(const std::string& text, const std::string& beginning);

}  // namespace gridmail::imap
