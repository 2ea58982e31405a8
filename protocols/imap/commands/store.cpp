#include "protocols/imap/commands/handlers.hpp"
#include "protocols/imap/response_writer.hpp"
#include "protocols/imap/updates_response.hpp"

namespace gridmail::imap {
namespace {

constexpr std::size_t keyword_bytes_max = 200;
constexpr std::size_t keywords_max = 100;  // in one command

bool are_acceptable(const ports::Flags& flags) {
  if (flags.keywords.size() > keywords_max) return false;
  for (const auto& keyword : flags.keywords) {
    if (keyword.size() > keyword_bytes_max) return false;
  }
  return true;
}

void append_stored(std::string& out, SequenceNumber number, const ports::Entry& entry, bool recent,
                   bool uid) {
  out.append("* ");
  append_number(out, number);
  out.append(" FETCH (FLAGS ");
  append_flags(out, entry.flags, recent);
  if (uid) {
    out.append(" UID ");
    append_number(out, entry.uid);
  }
  out.append(")\r\n");
}

}  // namespace

// RFC 3501, section 6.4.6.
Task<Reply> run_store(CommandContext& context, const Command& command) {
  SelectedMailbox& selected = context.selected();
  const auto& arguments = std::get<Store>(command.arguments);
  const auto named =
      command.uid ? selected.resolve_uids(arguments.set) : selected.resolve_numbers(arguments.set);
  if (!named) co_return bad("No such message");
  if (selected.read_only()) co_return no("Mailbox is selected read-only", "READ-ONLY");
  if (!are_acceptable(arguments.flags)) co_return no("Too many or too long keywords", "LIMIT");
  if (named->empty()) co_return ok("No such message");

  const auto stored = co_await context.mailboxes().store(context.state.user(), selected.id(), *named,
                                                         arguments.change, arguments.flags);
  if (!stored) co_return reply_for(stored.error());
  SequenceCursor cursor(selected.announced());
  for (const auto& entry : stored->entries) {
    const SequenceNumber number = cursor.number_of(entry.uid);
    if (selected.note_shown(entry)) append_known_flags(context.out(), selected.keywords());
    if (arguments.silent) continue;
    append_stored(context.out(), number, entry, selected.recent().contains(entry.uid), command.uid);
    co_await context.connection.flush_if_large();
  }
  // By UID a missing message is no error (section 6.4.8); by number the client means one that it was told of.
  if (!command.uid && stored->entries.size() < named->count()) {
    co_return no("Some of the messages were expunged", "EXPUNGEISSUED");
  }
  co_return ok("Flags stored");
}

}  // namespace gridmail::imap
