#include "protocols/imap/commands/handlers.hpp"

namespace gridmail::imap {

// RFC 2971, section 3.1. No version: it would help attackers more than clients (section 4).
Task<Reply> run_id(CommandContext& context, const Command& /*command*/) {
  context.connection.untagged("ID (\"name\" \"gridmail\")");
  co_return ok("ID exchanged");
}

}  // namespace gridmail::imap
