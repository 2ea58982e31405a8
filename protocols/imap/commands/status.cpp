#include "protocols/imap/commands/handlers.hpp"
#include "protocols/imap/mailbox_name.hpp"
#include "protocols/imap/response_writer.hpp"

namespace gridmail::imap {
namespace {

void append_item(std::string& out, StatusItem item, const ports::MailboxStatus& status,
                 const Settings& settings) {
  switch (item) {
    case StatusItem::messages:
      out.append("MESSAGES ");
      return append_number(out, status.messages);
    case StatusItem::recent:
      out.append("RECENT ");
      return append_number(out, status.recent);
    case StatusItem::uid_next:
      out.append("UIDNEXT ");
      return append_number(out, status.uid_next);
    case StatusItem::uid_validity:
      out.append("UIDVALIDITY ");
      return append_number(out, status.uid_validity);
    case StatusItem::unseen:
      out.append("UNSEEN ");
      return append_number(out, status.unseen);
    case StatusItem::append_limit:  // RFC 7889, section 5
      out.append("APPENDLIMIT ");
      return append_number(out, settings.message_bytes_max);
  }
}

}  // namespace

// RFC 3501, section 6.3.10.
Task<Reply> run_status(CommandContext& context, const Command& command) {
  const auto& arguments = std::get<Status>(command.arguments);
  const auto name = decode_mailbox(arguments.mailbox);
  if (!name) co_return no("No such mailbox", "NONEXISTENT");
  const auto status = co_await context.mailboxes().status(context.state.user(), *name);
  if (!status) co_return reply_for(status.error());
  std::string& out = context.out();
  out.append("* STATUS ");
  append_mailbox(out, *name);
  char before = '(';
  out.push_back(' ');
  for (const auto item : arguments.items) {
    out.push_back(before);
    before = ' ';
    append_item(out, item, *status, context.settings);
  }
  out.append(")\r\n");
  co_return ok("Status given");
}

}  // namespace gridmail::imap
