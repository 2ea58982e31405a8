#include <limits>

#include "protocols/imap/commands/handlers.hpp"

namespace gridmail::imap {

// RFC 3501, section 6.4.3; UID EXPUNGE: RFC 4315, section 2.1. The EXPUNGE responses follow when the session
// tells what changed.
Task<Reply> run_expunge(CommandContext& context, const Command& command) {
  SelectedMailbox& selected = context.selected();
  if (selected.read_only()) co_return no("Mailbox is selected read-only", "READ-ONLY");
  const auto& arguments = std::get<Expunge>(command.arguments);
  if (arguments.set && !context.settings.extensions.uidplus) co_return bad("Unknown command");
  UidSet named;
  if (arguments.set) {
    named = selected.resolve_uids(*arguments.set);
  } else {
    named.add(1, std::numeric_limits<Uid>::max());
  }
  if (named.empty()) co_return ok("No such message");
  const auto removed = co_await context.mailboxes().expunge(context.state.user(), selected.id(), named, true);
  if (!removed) co_return reply_for(removed.error());
  selected.note_expunged(*removed);
  co_return ok("Expunged");
}

}  // namespace gridmail::imap
