#include "protocols/imap/mailbox_refresh.hpp"

#include "protocols/imap/updates_response.hpp"

namespace gridmail::imap {

Task<Result<void>> refresh(CommandContext& context, Expunges expunges, bool with_uid) {
  SelectedMailbox* selected = context.state.selected();
  if (selected == nullptr) co_return Result<void>{};
  auto changes = co_await context.mailboxes().changes(context.state.user(), selected->id(),
                                                      selected->modseq(), selected->read_only());
  if (!changes) {
    if (changes.error().code == Errc::not_found) {
      context.connection.untagged("BYE The selected mailbox was deleted");
      context.state.log_out();
    }
    co_return tl::unexpected(changes.error());
  }
  const Updates updates = selected->take(std::move(*changes), expunges == Expunges::allowed);
  append_updates(context.out(), updates, selected->keywords(), with_uid);
  co_return Result<void>{};
}

void tell_held_back(CommandContext& context) {
  SelectedMailbox* selected = context.state.selected();
  if (selected == nullptr || selected->expunged().empty()) return;
  append_updates(context.out(), selected->take_held_back(), selected->keywords(), false);
}

}  // namespace gridmail::imap
