#include "protocols/imap/commands/handlers.hpp"
#include "protocols/imap/mailbox_name.hpp"

namespace gridmail::imap {

// RFC 3501, section 6.3.3; the special use by RFC 6154, section 3.
Task<Reply> run_create(CommandContext& context, const Command& command) {
  const auto& arguments = std::get<Create>(command.arguments);
  auto name = decode_new_mailbox(arguments.mailbox);
  if (!name) co_return reply_for(name.error());
  const bool asks_for_use = arguments.use_impossible || arguments.use != ports::SpecialUse::none;
  if (asks_for_use && !context.settings.extensions.special_use) co_return bad("Unknown CREATE parameter");
  if (arguments.use_impossible) co_return no("No mailbox can have that special use", "USEATTR");
  const auto created =
      co_await context.mailboxes().create(context.state.user(), std::move(*name), arguments.use);
  if (!created) co_return reply_for(created.error());
  co_return ok("Mailbox created");
}

}  // namespace gridmail::imap
