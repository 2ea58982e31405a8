#include <asio/experimental/awaitable_operators.hpp>

#include "node/runtime/timer.hpp"
#include "protocols/imap/commands/handlers.hpp"
#include "protocols/imap/mailbox_refresh.hpp"
#include "protocols/imap/updates_response.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail::imap {
namespace {

using namespace asio::experimental::awaitable_operators;  // NOLINT: the operators' only home

constexpr Duration retry_interval = std::chrono::seconds(1);

/// One IDLE: one coroutine reads until DONE, the other waits for changes and tells them. The reading is never
/// cancelled, since that would close the stream; the waiting ends by the event.
class Idling {
 public:
  Idling(CommandContext& context, const asio::any_io_executor& executor)
      : context_(context), done_(std::make_shared<Event>(executor)) {}

  /// Gives the client's line. Nothing: the client has gone.
  Task<std::optional<std::string>> read_done() {
    const auto line = co_await context_.connection.read_line();
    done_->set();
    if (!line) co_return std::nullopt;
    co_return std::string(line->text);
  }

  /// Throws nothing: when it cannot go on it closes the stream, and what the reading then meets is what
  /// counts.
  Task<void> tell_changes() {
    try {
      while (!done_->is_set() && !context_.state.is_over()) co_await tell_next();
    } catch (const std::exception&) {
      context_.connection.stream().close();
    }
  }

 private:
  Task<void> tell_next() {
    if (context_.state.selected() == nullptr) {
      co_await keep_alive();
      co_return;
    }
    const bool news = co_await wait_for_news();
    if (done_->is_set()) co_return;
    std::string told;
    if (news) told = co_await what_changed();
    if (told.empty() && is_quiet_too_long()) told = "* OK Still here\r\n";
    if (!told.empty()) co_await send(std::move(told));
  }

  /// False: nothing changed until the next sign of life is due, or the port could not say.
  Task<bool> wait_for_news() {
    SelectedMailbox& selected = *context_.state.selected();
    auto waited = co_await (context_.mailboxes().wait_for_change(context_.state.user(), selected.id(),
                                                                 selected.modseq(), next_sign_of_life()) ||
                            done_->wait());
    if (waited.index() == 1) co_return false;
    const auto& result = std::get<0>(waited);
    if (result || result.error().code == Errc::not_found) co_return true;
    // The slot is moving: the client keeps its connection, and hears when the mailbox is back (design,
    // promise 5).
    co_await (sleep_for(context_.services.clock, retry_interval) || done_->wait());
    co_return false;
  }

  Task<std::string> what_changed() {
    SelectedMailbox& selected = *context_.state.selected();
    auto changes = co_await context_.mailboxes().changes(context_.state.user(), selected.id(),
                                                         selected.modseq(), selected.read_only());
    if (!changes && changes.error().code == Errc::not_found) {
      context_.state.log_out();
      co_return "* BYE The selected mailbox was deleted\r\n";
    }
    std::string told;
    if (!changes) co_return told;
    append_updates(told, selected.take(std::move(*changes), true), selected.keywords(), false);
    co_return told;
  }

  /// Without a selected mailbox there is nothing to hear but that the server lives.
  Task<void> keep_alive() {
    co_await (sleep_until(context_.services.clock, next_sign_of_life()) || done_->wait());
    if (!done_->is_set()) co_await send("* OK Still here\r\n");
  }

  Task<void> send(std::string text) {
    last_sent_ = context_.services.clock.now();
    co_await context_.connection.send_beside_reading(std::move(text));
    if (context_.state.is_over()) context_.connection.stream().close();  // ends the reading, too
  }

  [[nodiscard]] TimePoint next_sign_of_life() const {
    return last_sent_ + context_.settings.keepalive_interval;
  }
  [[nodiscard]] bool is_quiet_too_long() const {
    return context_.services.clock.now() >= next_sign_of_life();
  }

  CommandContext& context_;
  std::shared_ptr<Event> done_;
  TimePoint last_sent_ = context_.services.clock.now();
};

}  // namespace

// RFC 2177.
Task<Reply> run_idle(CommandContext& context, const Command& /*command*/) {
  tell_held_back(context);
  context.out().append("+ idling\r\n");
  co_await context.connection.flush();
  Idling idling(context, co_await asio::this_coro::executor);
  const auto line = co_await (idling.read_done() && idling.tell_changes());
  if (!line) {
    context.state.log_out();
    co_return Reply{};
  }
  if (!text::equal_ignoring_case(*line, "DONE")) co_return bad("Expected DONE");
  co_return ok("IDLE ended");
}

}  // namespace gridmail::imap
