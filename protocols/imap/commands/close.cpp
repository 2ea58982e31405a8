#include <limits>

#include "protocols/imap/commands/handlers.hpp"

namespace gridmail::imap {

// RFC 3501, section 6.4.2: deleted messages go without EXPUNGE responses; nothing goes from a read-only
// mailbox.
Task<Reply> run_close(CommandContext& context, const Command& /*command*/) {
  const SelectedMailbox& selected = context.selected();
  if (!selected.read_only()) {
    UidSet all;
    all.add(1, std::numeric_limits<Uid>::max());
    const auto removed = co_await context.mailboxes().expunge(context.state.user(), selected.id(), all, true);
    if (!removed && removed.error().code != Errc::not_found) co_return reply_for(removed.error());
  }
  context.state.unselect();
  co_return ok("Mailbox closed");
}

// RFC 3691: CLOSE that removes nothing.
Task<Reply> run_unselect(CommandContext& context, const Command& /*command*/) {
  context.state.unselect();
  co_return ok("Mailbox unselected");
}

}  // namespace gridmail::imap
