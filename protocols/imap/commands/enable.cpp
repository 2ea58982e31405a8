#include "protocols/imap/commands/handlers.hpp"

namespace gridmail::imap {

// RFC 5161, section 3.1: what is not known or needs no enabling is left out of the answer.
Task<Reply> run_enable(CommandContext& context, const Command& /*command*/) {
  context.connection.untagged("ENABLED");
  co_return ok("Nothing of it needs enabling");
}

}  // namespace gridmail::imap
