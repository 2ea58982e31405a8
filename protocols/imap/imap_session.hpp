// An IMAP4rev1 session (RFC 3501 and the extensions that CAPABILITY lists): one client's connection, from
// greeting to BYE. It runs on the front, and follows the mailbox wherever it moves (design, section 4).
//
// A coroutine on the connection's strand, which owns all that it touches; it ends when the client leaves, is
// silent for too long, or is sent away. Cancelling it ends it without BYE; Settings::stopping with.
#pragma once
#include <asio/any_io_executor.hpp>
#include <memory>

#include "node/runtime/timer.hpp"
#include "protocols/imap/command_context.hpp"
#include "protocols/imap/command_parser.hpp"
#include "protocols/imap/commands/command_table.hpp"
#include "protocols/ports/account_watch.hpp"

namespace gridmail::imap {

/// Serves the client until it leaves, then closes the stream. Streams that break are the client's business
/// and end this quietly; only operation_aborted (cancellation) is thrown.
[[nodiscard]] Task<void> serve(Stream& stream, Services services, const Settings& settings);

/// The session behind serve(); the stream and the settings outlive it.
class Session {
 public:
  Session(const asio::any_io_executor& executor, Stream& stream, Services services, const Settings& settings);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] Task<void> run();

 private:
  Task<void> converse();
  void end_by(const std::exception_ptr& failure);
  Task<void> converse_until_over();
  Task<void> watch();
  [[nodiscard]] bool is_stopping() const {
    return settings_.stopping != nullptr && settings_.stopping->is_set();
  }
  void greet();

  Task<void> next_command();
  Task<bool> account_is_gone();
  Task<void> literal_announced();
  Task<void> append_announced(Append append);
  Task<void> run_command();
  Task<Reply> dispatch(const CommandEntry& entry, const Command& command);
  Task<Reply> finish(const CommandEntry& entry, const Command& command, Reply reply);
  void answer(std::string_view tag, const Reply& reply);
  void leave(std::string_view farewell);

  Stream& stream_;
  Services services_;
  const Settings& settings_;
  SessionState state_;
  ClientConnection connection_;
  CommandContext context_;
  ports::AccountWatch account_watch_;
  std::shared_ptr<Event> wake_;  // of watch()
  bool dismissed_ = false;       // by watch(), which then cancels the conversation
  bool cancelled_ = false;
};

}  // namespace gridmail::imap
