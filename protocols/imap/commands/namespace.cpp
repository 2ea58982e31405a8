#include "protocols/imap/commands/handlers.hpp"

namespace gridmail::imap {

// RFC 2342, section 5: the personal namespace at the root, no others' and no shared ones.
Task<Reply> run_namespace(CommandContext& context, const Command& /*command*/) {
  context.connection.untagged("NAMESPACE ((\"\" \"/\")) NIL NIL");
  co_return ok("Namespaces listed");
}

}  // namespace gridmail::imap
