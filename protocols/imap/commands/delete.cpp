#include "protocols/imap/commands/handlers.hpp"
#include "protocols/imap/mailbox_name.hpp"

namespace gridmail::imap {

// RFC 3501, section 6.3.4. Children stay, below a name that can no longer be selected.
Task<Reply> run_delete(CommandContext& context, const Command& command) {
  auto name = decode_mailbox(std::get<MailboxArgument>(command.arguments).mailbox);
  if (!name) co_return no("No such mailbox", "NONEXISTENT");
  if (*name == "INBOX") co_return no("INBOX cannot be deleted", "CANNOT");
  const SelectedMailbox* selected = context.state.selected();
  const bool is_selected = selected != nullptr && selected->name() == *name;
  const auto removed = co_await context.mailboxes().remove(context.state.user(), std::move(*name));
  if (!removed) co_return reply_for(removed.error());
  // Its own client knows that the mailbox is gone: it is closed, where other sessions are told BYE (RFC
  // 2180, 3.3).
  if (is_selected) context.state.unselect();
  co_return ok("Mailbox deleted");
}

}  // namespace gridmail::imap
