#include "protocols/imap/commands/handlers.hpp"
#include "protocols/imap/mailbox_name.hpp"

namespace gridmail::imap {

// RFC 3501, section 6.3.5. A mailbox that is selected stays so, whatever it is called.
Task<Reply> run_rename(CommandContext& context, const Command& command) {
  const auto& arguments = std::get<Rename>(command.arguments);
  auto from = decode_mailbox(arguments.from);
  if (!from) co_return no("No such mailbox", "NONEXISTENT");
  auto to = decode_new_mailbox(arguments.to);
  if (!to) co_return reply_for(to.error());
  if (*to == "INBOX") co_return no("INBOX exists already", "ALREADYEXISTS");
  const auto renamed =
      co_await context.mailboxes().rename(context.state.user(), std::move(*from), std::move(*to));
  if (!renamed) co_return reply_for(renamed.error());
  co_return ok("Mailbox renamed");
}

}  // namespace gridmail::imap
