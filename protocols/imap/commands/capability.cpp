#include "protocols/imap/capability.hpp"

#include "protocols/imap/commands/handlers.hpp"

namespace gridmail::imap {

// RFC 3501, section 6.1.1.
Task<Reply> run_capability(CommandContext& context, const Command& /*command*/) {
  context.connection.untagged(capability_list(context.state, context.settings, context.connection.stream()));
  co_return ok("Capabilities listed");
}

}  // namespace gridmail::imap
