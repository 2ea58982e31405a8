#include "protocols/imap/commands/handlers.hpp"

namespace gridmail::imap {

// RFC 3501, section 6.2.1. The tagged OK is sent here, since the handshake follows it at once; the empty
// reply tells the session so.
Task<Reply> run_starttls(CommandContext& context, const Command& command) {
  ClientConnection& connection = context.connection;
  if (!connection.stream().can_start_tls()) co_return bad("TLS is not available, or already in use");
  connection.tagged(command.tag, ok("Begin TLS negotiation now"));
  co_await connection.start_tls();
  co_return Reply{};
}

}  // namespace gridmail::imap
