#include "protocols/imap/commands/handlers.hpp"

namespace gridmail::imap {

// RFC 3501, section 6.1.3: BYE comes before the tagged OK.
Task<Reply> run_logout(CommandContext& context, const Command& /*command*/) {
  context.connection.untagged("BYE Logging out");
  context.state.log_out();
  co_return ok("Logged out");
}

}  // namespace gridmail::imap
