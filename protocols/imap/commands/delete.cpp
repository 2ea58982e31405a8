#include "protocols/imap/commands/handlers.hpp"
#include "protocols/imap/mailbox_name.hpp"

namespace gridmail::imap {

// RFC 3501, section 6.3.4. Children stay, below a name that can no longer be selected.
Task<Reply> run_delete(CommandContext& context, const Command& command) {
  auto name = decode_mailbox(std::get<MailboxArgument>(command.arguments).mailbox);
  if (!name) co_return no("No such mailbox", "NONEXISTENT");
  if (*name == "INBOX") co_return no("INBOX cannot be deleted", "CANNOT");
  const auto removed = co_await context.mailboxes().remove(context.state.user(), std::move(*name));
  if (!removed) co_return reply_for(removed.error());
  // Its own client knows that the mailbox is gone: it is closed, where other sessions are told BYE (RFC
  // 2180, 3.3). Which one that was is asked by identity: the selected one may have another name by now.
  if (const SelectedMailbox* selected = context.state.selected()) {
    const auto left = co_await context.mailboxes().changes(context.state.user(), selected->id(),
                                                           selected->modseq(), /*read_only=*/true);
    if (!left && left.error().code == Errc::not_found) context.state.unselect();
  }
  co_return ok("Mailbox deleted");
}

}  // namespace gridmail::imap
