#include "protocols/imap/imap_session.hpp"

#include <asio/error.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/multiple_exceptions.hpp>
#include <asio/system_error.hpp>

#include "node/base/log.hpp"
#include "node/base/metrics.hpp"
#include "protocols/imap/capability.hpp"
#include "protocols/imap/mailbox_refresh.hpp"

namespace gridmail::imap {
namespace {

/// How often to look whether a client that was just busy is waited for, once the server stops.
constexpr auto busy_look_interval = std::chrono::milliseconds(200);

metrics::Histogram answered_in{"imap_command_seconds", "From a command, but IDLE, to its tagged answer."};

}  // namespace

Task<void> serve(Stream& stream, Services services, const Settings& settings) {
  Session session(co_await asio::this_coro::executor, stream, services, settings);
  co_await session.run();
}

Session::Session(const asio::any_io_executor& executor, Stream& stream, Services services,
                 const Settings& settings)
    : stream_(stream),
      services_(services),
      settings_(settings),
      connection_(stream, services.clock, settings),
      context_{connection_, state_, services_, settings_},
      wake_(std::make_shared<Event>(executor)) {
  if (settings.stopping != nullptr) settings.stopping->wake(wake_);
}

Task<void> Session::run() {
  using namespace asio::experimental::awaitable_operators;  // NOLINT: the operators' only home
  co_await (converse() || watch());
  stream_.close();
  if (cancelled_ && !dismissed_) throw asio::system_error(asio::error::operation_aborted);
}

/// The session's one catch. It throws nothing itself, since || would then wait for watch() to end.
Task<void> Session::converse() {
  try {
    co_await converse_until_over();
  } catch (...) {
    end_by(std::current_exception());
  }
}

void Session::end_by(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const asio::multiple_exceptions& several) {  // a flush and what went on beside it
    end_by(several.first_exception());
  } catch (const asio::system_error& error) {
    cancelled_ = error.code() == asio::error::operation_aborted;
    if (cancelled_) return;
    log(Level::debug, "imap.connection_lost",
        {{"connection", stream_.connection()}, {"peer", stream_.peer_address()}, {"error", error.what()}});
  } catch (const std::exception& error) {
    log(Level::error, "imap.session_failed",
        {{"connection", stream_.connection()}, {"peer", stream_.peer_address()}, {"error", error.what()}});
  }
}

Task<void> Session::converse_until_over() {
  if (!is_stopping()) greet();
  while (!state_.is_over()) {
    if (is_stopping()) {
      leave("This server goes out of service");
      break;
    }
    co_await next_command();
  }
  co_await connection_.flush();
}

/// Sends the client away when it is silent for too long (RFC 3501, section 5.4) or the server stops. It never
/// breaks into a command: only a client that is waited for is sent away here.
Task<void> Session::watch() {
  // A client that is not waited for has no deadline; this is how often to look whether it has one now.
  const Duration look_interval =
      std::min({settings_.login_timeout, settings_.idle_timeout, Duration(std::chrono::minutes(1))});
  for (;;) {
    const TimePoint now = services_.clock.now();
    const bool silent = connection_.deadline() <= now;
    if (connection_.awaits_client() && (silent || is_stopping())) break;
    const TimePoint latest_look = now + (is_stopping() ? busy_look_interval : look_interval);
    const TimePoint next_look = silent ? latest_look : std::min(connection_.deadline(), latest_look);
    const auto alarm = services_.clock.call_at(next_look, [wake = wake_] { wake->set(); });
    co_await wake_->wait();
    wake_->reset();
  }
  dismissed_ = true;
  try {
    std::string farewell =
        is_stopping() ? "* BYE This server goes out of service\r\n" : "* BYE Silent for too long\r\n";
    co_await connection_.send_beside_reading(std::move(farewell));
  } catch (const asio::system_error& error) {
    if (error.code() == asio::error::operation_aborted) throw;  // a broken stream is closed like any other
  }
}

void Session::greet() {
  connection_.untagged("OK [" + capability_list(state_, settings_, stream_) + "] " + settings_.hostname +
                       " gridmail ready");
}

void Session::leave(std::string_view farewell) {
  connection_.untagged(std::string("BYE ").append(farewell));
  state_.log_out();
}

Task<void> Session::next_command() {
  const auto event = co_await connection_.next_event();
  const bool gone = co_await account_is_gone();
  if (!event) {
    state_.log_out();  // the client has gone
  } else if (gone) {
    leave("This user was removed");
  } else if (*event == FrameParser::Event::literal) {
    co_await literal_announced();
  } else {
    co_await run_command();
  }
}

Task<bool> Session::account_is_gone() {
  const bool logged_in = state_.is_logged_in();
  if (!logged_in) co_return false;
  co_return co_await account_watch_.is_gone(services_.directory, state_.user(), state_.account().login,
                                            services_.clock.now());
}

/// RFC 3501, section 4.3; RFC 7888. Limits are checked here, before the client sends what a synchronizing
/// literal announces.
Task<void> Session::literal_announced() {
  FrameParser& frame = connection_.frame();
  if (auto append = parse_append(frame.raw())) {
    co_await append_announced(std::move(*append));
    co_return;
  }
  const LiteralAnnouncement announced = frame.announced();
  if (frame.literal_fits()) {
    if (announced.synchronizing) connection_.out().append("+ Ready for the literal\r\n");
    frame.take_literal();
  } else if (announced.synchronizing) {
    const std::string tag = parse_tag(frame.raw());
    frame.refuse_literal();
    answer(tag, bad("Literal too large", "TOOBIG"));
  } else if (announced.size <= settings_.message_bytes_max) {
    frame.discard_literal();
  } else {
    leave("Literal too large");
  }
}

Task<void> Session::append_announced(Append append) {
  std::string tag = append.tag;
  auto reply = co_await run_append(context_, std::move(append));
  if (!reply) {
    state_.log_out();
    co_return;
  }
  // RFC 3501, section 6.3.11: a message appended to the selected mailbox is told of at once.
  if (state_.selected() != nullptr) static_cast<void>(co_await refresh(context_, Expunges::allowed, false));
  answer(tag, *reply);
}

Task<void> Session::run_command() {
  const RawCommand raw = connection_.frame().take();
  if (raw.fault != RawCommand::Fault::none) {
    answer(parse_tag(raw),
           bad(raw.fault == RawCommand::Fault::line_too_long ? "Command too long" : "Literal too large"));
    co_return;
  }
  const ParsedCommand parsed = parse_command(raw);
  if (!parsed.command) {
    answer(parsed.tag, bad(parsed.command.error().text));
    co_return;
  }
  const CommandEntry* entry = find_command(parsed.command->name, settings_);
  Reply reply = bad("Unknown command");
  if (entry != nullptr) reply = co_await dispatch(*entry, *parsed.command);
  if (!reply.text.empty()) answer(parsed.tag, reply);
}

Task<Reply> Session::dispatch(const CommandEntry& entry, const Command& command) {
  if (!state_.allows(entry.states)) {
    if (!state_.is_logged_in()) co_return bad("Log in first");
    const bool needs_mailbox = entry.states == static_cast<StateSet>(State::selected);
    co_return bad(needs_mailbox ? "Select a mailbox first" : "Not possible in this state");
  }
  const auto begun = services_.clock.now();
  Reply reply = co_await entry.handler(context_, command);
  if (entry.name != "IDLE") answered_in.observe(services_.clock.now() - begun);
  if (reply.status == Reply::Status::bad || state_.selected() == nullptr) co_return reply;
  co_return co_await finish(entry, command, std::move(reply));
}

/// Tells what changed, before the tagged response: at most one changes() a command, and none when the client
/// has sent the next one already, unless the command asks for just that.
Task<Reply> Session::finish(const CommandEntry& entry, const Command& command, Reply reply) {
  const bool more_waits = !connection_.input().buffered().empty();
  const bool expunges_allowed = allows_expunge_responses(command);
  if (entry.after == AfterCommand::refresh || (entry.after == AfterCommand::may_refresh && !more_waits)) {
    const auto refreshed =
        co_await refresh(context_, expunges_allowed ? Expunges::allowed : Expunges::held_back, command.uid);
    if (!refreshed && entry.after == AfterCommand::refresh) co_return reply_for(refreshed.error());
  }
  if (expunges_allowed) tell_held_back(context_);
  co_return reply;
}

void Session::answer(std::string_view tag, const Reply& reply) {
  connection_.tagged(tag, reply);
  if (state_.is_over()) return;
  const bool too_many = state_.count_command(reply.status == Reply::Status::bad, settings_.bad_commands_max);
  if (too_many) leave("Too many wrong commands");
}

}  // namespace gridmail::imap
