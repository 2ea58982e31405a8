#include "protocols/imap/commands/handlers.hpp"
#include "protocols/imap/mailbox_name.hpp"
#include "protocols/imap/mailbox_refresh.hpp"
#include "protocols/imap/response_writer.hpp"

namespace gridmail::imap {
namespace {

UidSet without(UidSet uids, const UidSet& gone) {
  const UidSet both = uids.intersect(gone);
  for (const auto& run : both.runs()) {
    for (std::uint64_t uid = run.first; uid <= run.last; ++uid) uids.remove(static_cast<Uid>(uid));
  }
  return uids;
}

std::string copyuid_code(CommandContext& context, const ports::CopyOutcome& outcome) {
  if (!context.settings.extensions.uidplus || outcome.uids.empty()) return {};
  return copyuid(outcome.uid_validity, outcome.uids);
}

/// A target that can name no mailbox cannot be created either, so there is no TRYCREATE.
Reply bad_target(const Error& error) {
  return no(error.text, "CANNOT");
}

/// By UID, messages that have gone are left out (RFC 3501, section 6.4.8); a copy that meets one is tried
/// again without it.
Task<Result<ports::CopyOutcome>> copy_remaining(CommandContext& context, UidSet uids, std::string target) {
  SelectedMailbox& selected = context.selected();
  constexpr int attempts_max = 5;
  for (int attempt = 1;; ++attempt) {
    uids = without(std::move(uids), selected.expunged());
    if (uids.empty()) co_return ports::CopyOutcome{};
    auto outcome = co_await context.mailboxes().copy(context.state.user(), selected.id(), uids, target);
    if (outcome || outcome.error().code != Errc::conflict || attempt == attempts_max) co_return outcome;
    const auto refreshed = co_await refresh(context, Expunges::held_back, true);
    if (!refreshed) co_return tl::unexpected(refreshed.error());
  }
}

}  // namespace

// RFC 3501, section 6.4.7: all or nothing. COPYUID: RFC 4315, section 3.
Task<Reply> run_copy(CommandContext& context, const Command& command) {
  SelectedMailbox& selected = context.selected();
  const auto& arguments = std::get<Copy>(command.arguments);
  const auto named =
      command.uid ? selected.resolve_uids(arguments.set) : selected.resolve_numbers(arguments.set);
  if (!named) co_return bad("No such message");
  auto target = decode_mailbox(arguments.mailbox);
  if (!target) co_return bad_target(target.error());
  if (named->empty()) co_return ok("No such message");
  if (command.uid) {
    const auto outcome = co_await copy_remaining(context, *named, std::move(*target));
    if (!outcome) co_return reply_for(outcome.error());
    co_return ok("Copied", copyuid_code(context, *outcome));
  }
  const Reply gone = no("Some of the messages were expunged", "EXPUNGEISSUED");
  if (!named->intersect(selected.expunged()).empty()) co_return gone;
  const auto outcome =
      co_await context.mailboxes().copy(context.state.user(), selected.id(), *named, std::move(*target));
  if (outcome) co_return ok("Copied", copyuid_code(context, *outcome));
  co_return outcome.error().code == Errc::conflict ? gone : reply_for(outcome.error());
}

// RFC 6851, section 3.3. COPYUID comes untagged, before the EXPUNGE responses that the session sends
// (section 4.3).
Task<Reply> run_move(CommandContext& context, const Command& command) {
  SelectedMailbox& selected = context.selected();
  const auto& arguments = std::get<Copy>(command.arguments);
  const auto named =
      command.uid ? selected.resolve_uids(arguments.set) : selected.resolve_numbers(arguments.set);
  if (!named) co_return bad("No such message");
  if (selected.read_only()) co_return no("Mailbox is selected read-only", "READ-ONLY");
  auto target = decode_mailbox(arguments.mailbox);
  if (!target) co_return bad_target(target.error());
  if (named->empty()) co_return ok("No such message");
  const auto outcome =
      co_await context.mailboxes().move(context.state.user(), selected.id(), *named, std::move(*target));
  if (!outcome) co_return reply_for(outcome.error());
  UidSet moved;
  for (const auto& [source, copied] : outcome->uids) moved.add(source);
  selected.note_expunged(moved);
  const std::string code = copyuid_code(context, *outcome);
  if (!code.empty()) context.connection.untagged("OK [" + code + "] Moved");
  co_return ok("Moved");
}

}  // namespace gridmail::imap
