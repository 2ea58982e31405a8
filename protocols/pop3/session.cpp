#include "protocols/pop3/session.hpp"

#include <fmt/format.h>

#include <asio/error.hpp>
#include <asio/system_error.hpp>

#include "node/base/log.hpp"
#include "node/base/metrics.hpp"
#include "protocols/line/silent_client.hpp"
#include "protocols/pop3/reply_mapping.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail::pop3 {
namespace {
/// RFC 2449, section 4 asks for 255.
constexpr std::size_t command_bytes_max = 2048;
/// RFC 3206, section 4.
constexpr std::string_view going_away = "-ERR [SYS/TEMP] this server goes out of service\r\n";

metrics::Histogram answered_in{"pop3_command_seconds", "From a command to its answer."};
}  // namespace

Task<void> serve(Stream& stream, Services services, const Settings& settings) {
  Session session(stream, services, settings);
  try {
    co_await session.run();
  } catch (const asio::system_error& error) {
    stream.close();
    if (error.code() == asio::error::operation_aborted) throw;
    log(Level::debug, "pop3.connection_lost",
        {{"connection", stream.connection()}, {"peer", stream.peer_address()}, {"error", error.what()}});
  }
  stream.close();
}

Session::Session(Stream& stream, Services services, const Settings& settings)
    : stream_(stream),
      services_(services),
      settings_(settings),
      channel_(stream, services.clock, settings.idle_timeout) {}

Task<void> Session::run() {
  Farewell farewell{settings_.stopping,
                    [this] { return is_between_commands_ && channel_.awaits_client() && !account_; },
                    std::string(going_away)};
  co_await converse(channel_, services_.clock, std::move(farewell), take_commands());
}

Task<void> Session::take_commands() {
  // No timestamp in angle brackets: APOP is not offered (RFC 1939, section 7).
  if (!is_sent_away()) ok(settings_.hostname + " gridmail POP3 ready");
  while (!ended_) {
    if (is_sent_away()) {
      leave();
      break;
    }
    is_between_commands_ = true;
    const auto line = co_await channel_.read_line(command_bytes_max, settings_.idle_timeout);
    is_between_commands_ = false;
    if (!line) break;  // gone without QUIT: nothing is deleted
    const auto begun = services_.clock.now();
    co_await handle(*line);
    answered_in.observe(services_.clock.now() - begun);
  }
  co_await channel_.flush();
}

bool Session::is_sent_away() const {
  return settings_.stopping != nullptr && settings_.stopping->is_set() && !account_;
}

void Session::leave() {
  channel_.output() += going_away;
  ended_ = true;
}

Task<void> Session::handle(const Line& line) {
  // A bare LF passes: people type POP3 by hand through "openssl s_client" and nc, and nothing is at stake.
  if (line.flaw == Line::Flaw::too_long) {
    refuse("line too long");
    co_return;
  }
  if (line.text.find('\0') != std::string_view::npos) {
    refuse("NUL in a command");
    co_return;
  }
  const Command command = parse_command(line.text);
  if (is_sent_away() && command.keyword != Keyword::quit) {
    leave();
    co_return;
  }
  const bool gone = co_await account_is_gone();
  if (gone) {
    channel_.output() += "-ERR [AUTH] this user was removed\r\n";  // RFC 3206, section 5
    ended_ = true;
    co_return;
  }
  // RFC 1939, section 3: what is syntactically invalid gets -ERR; a "QUIT not yet" deletes nothing.
  if (takes_no_argument(command.keyword) && !text::trim(command.argument).empty()) {
    refuse("no argument is allowed here");
    co_return;
  }
  if (command.keyword == Keyword::capa) {
    capa();
  } else if (command.keyword == Keyword::quit) {
    co_await quit();
  } else if (account_) {
    co_await handle_transaction(command);
  } else {
    co_await handle_authorization(command);
  }
}

Task<bool> Session::account_is_gone() {
  const bool logged_in = account_.has_value();
  if (!logged_in) co_return false;
  co_return co_await account_watch_.is_gone(services_.directory, account_->id, account_->login,
                                            services_.clock.now());
}

Task<void> Session::handle_authorization(const Command& command) {
  switch (command.keyword) {
    case Keyword::user:
      user(command.argument);
      co_return;
    case Keyword::pass:
      co_return co_await pass(command.argument);
    case Keyword::auth:
      co_return co_await auth(command.argument);
    case Keyword::stls:
      co_return co_await stls();
    case Keyword::unknown:
      refuse("unknown command");
      co_return;
    default:
      refuse("log in first");
  }
}

Task<void> Session::handle_transaction(const Command& command) {
  switch (command.keyword) {
    case Keyword::stat:
      stat();
      co_return;
    case Keyword::list:
      co_return co_await list(command.argument, Listing::sizes);
    case Keyword::uidl:
      co_return co_await list(command.argument, Listing::unique_ids);
    case Keyword::retr:
      co_return co_await retr(command.argument);
    case Keyword::top:
      co_return co_await top(command.argument);
    case Keyword::dele:
      dele(command.argument);
      co_return;
    case Keyword::rset:
      maildrop_.unmark_all();
      ok(fmt::format("maildrop has {} messages ({} octets)", maildrop_.count(), maildrop_.bytes()));
      co_return;
    case Keyword::noop:
      ok("");
      co_return;
    case Keyword::unknown:
      refuse("unknown command");
      co_return;
    default:
      refuse("already logged in");
  }
}

/// RFC 2449, section 5 and 6.
void Session::capa() {
  std::string& out = channel_.output();
  out +=
      "+OK capabilities follow\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nEXPIRE "
      "NEVER\r\n";
  // Announced only where they would be taken (RFC 2595, section 4).
  if (may_log_in()) out += "USER\r\nSASL PLAIN\r\n";
  if (!account_ && stream_.can_start_tls() && !stream_.is_secure()) out += "STLS\r\n";
  out += "IMPLEMENTATION gridmail\r\n.\r\n";
}

/// RFC 1939, section 6: the UPDATE state.
Task<void> Session::quit() {
  ended_ = true;
  if (!account_) {
    ok("bye");
    co_return;
  }
  ports::UidSet deleted = maildrop_.deleted_uids();
  if (!deleted.empty()) {
    const auto expunged =
        co_await services_.mailboxes.expunge(account_->id, maildrop_.mailbox(), std::move(deleted), false);
    if (!expunged) {
      channel_.output() += failure_reply(expunged.error(), "deleted messages not removed");
      co_return;
    }
  }
  ok(fmt::format("bye ({} messages left)", maildrop_.count()));
}

void Session::ok(std::string_view text) {
  std::string& out = channel_.output();
  out += "+OK";
  if (!text.empty()) out.append(" ").append(text);
  out += "\r\n";
}

/// Whoever has logged in may ask for what is not there as often as it likes: to end the session would lose
/// its DELEs.
void Session::refuse(std::string_view text) {
  const bool too_many = !account_ && ++errors_ >= settings_.errors_max;
  channel_.output().append("-ERR ").append(text).append(too_many ? "; too many errors, bye\r\n" : "\r\n");
  if (too_many) ended_ = true;
}

bool Session::may_log_in() const {
  return !account_ &&
         (stream_.is_secure() || (settings_.allow_plaintext_login && stream_.peer_is_loopback()));
}

}  // namespace gridmail::pop3
