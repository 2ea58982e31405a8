#include <fmt/format.h>

#include "protocols/imap/commands/handlers.hpp"
#include "protocols/imap/mailbox_name.hpp"
#include "protocols/imap/response_writer.hpp"
#include "protocols/imap/updates_response.hpp"

namespace gridmail::imap {
namespace {

void append_permanent_flags(std::string& out, const SelectedMailbox& mailbox) {
  if (mailbox.read_only()) {
    out.append("* OK [PERMANENTFLAGS ()] Read-only\r\n");
    return;
  }
  out.append("* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft");
  for (const auto& keyword : mailbox.keywords()) out.append(" ").append(keyword);
  out.append(" \\*)] Flags are kept, new keywords are possible\r\n");
}

/// RFC 3501, section 6.3.1: the responses in the order of its list.
void append_opened(std::string& out, const SelectedMailbox& mailbox, const ports::OpenedMailbox& opened) {
  append_known_flags(out, mailbox.keywords());
  out.append(fmt::format("* {} EXISTS\r\n* {} RECENT\r\n", mailbox.exists(), mailbox.recent().count()));
  if (const auto unseen = opened.uids.rank(opened.first_unseen); unseen != 0) {
    out.append(fmt::format("* OK [UNSEEN {}] First unseen message\r\n", unseen));
  }
  append_permanent_flags(out, mailbox);
  out.append(fmt::format("* OK [UIDNEXT {}] Predicted next UID\r\n", opened.status.uid_next));
  out.append(fmt::format("* OK [UIDVALIDITY {}] UIDs are valid\r\n", opened.status.uid_validity));
}

}  // namespace

// RFC 3501, sections 6.3.1 and 6.3.2. Whatever comes of it, the mailbox selected before is selected no more.
Task<Reply> run_select(CommandContext& context, const Command& command) {
  context.state.unselect();
  const bool read_only = command.name == "EXAMINE";
  auto name = decode_mailbox(std::get<MailboxArgument>(command.arguments).mailbox);
  if (!name) co_return no("No such mailbox", "NONEXISTENT");
  auto opened = co_await context.mailboxes().open(context.state.user(), std::move(*name), read_only);
  if (!opened) co_return reply_for(opened.error());
  auto mailbox = std::make_unique<SelectedMailbox>(*opened, read_only);
  append_opened(context.out(), *mailbox, *opened);
  context.state.select(std::move(mailbox));
  co_return read_only ? ok("Selected, read-only", "READ-ONLY") : ok("Selected", "READ-WRITE");
}

}  // namespace gridmail::imap
