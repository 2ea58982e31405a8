#include "protocols/imap/commands/handlers.hpp"
#include "protocols/imap/mailbox_name.hpp"

namespace gridmail::imap {

// RFC 3501, section 6.3.3; the special use by RFC 6154, section 3.
Task<Reply> run_create(CommandContext& context, const Command& command) {
  const auto& arguments = std::get<Create>(command.arguments);
  auto name = decode_new_mailbox(arguments.mailbox);
  if (!name) co_return reply_for(name.error());
  if (arguments.use != ports::SpecialUse::none && !context.settings.extensions.special_use) {
    co_return bad("Unknown CREATE parameter");
  }
  const auto created =
      co_await context.mailboxes().create(context.state.user(), std::move(*name), arguments.use);
  if (!created) co_return reply_for(created.error());
  co_return ok("Mailbox created");
}

}  // namespace gridmail::imap
