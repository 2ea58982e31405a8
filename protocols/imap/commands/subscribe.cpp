#include "protocols/imap/commands/handlers.hpp"
#include "protocols/imap/mailbox_name.hpp"

namespace gridmail::imap {

// RFC 3501, sections 6.3.6 and 6.3.7. The mailbox need not exist: a client may know that it will.
Task<Reply> run_subscribe(CommandContext& context, const Command& command) {
  auto name = decode_mailbox(std::get<MailboxArgument>(command.arguments).mailbox);
  if (!name) co_return reply_for(name.error());
  const bool subscribed = command.name == "SUBSCRIBE";
  const auto done =
      co_await context.mailboxes().subscribe(context.state.user(), std::move(*name), subscribed);
  if (!done) co_return reply_for(done.error());
  co_return ok(subscribed ? "Subscribed" : "Unsubscribed");
}

}  // namespace gridmail::imap
