#include "protocols/imap/commands/handlers.hpp"

namespace gridmail::imap {

// RFC 3501, sections 6.1.2 and 6.4.1: what they are for, telling what changed, follows after every command.
Task<Reply> run_noop(CommandContext& /*context*/, const Command& /*command*/) {
  co_return ok("Done");
}

}  // namespace gridmail::imap
