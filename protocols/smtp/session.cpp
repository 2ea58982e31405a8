#include "protocols/smtp/session.hpp"

#include <asio/error.hpp>
#include <asio/system_error.hpp>

#include "node/base/log.hpp"
#include "protocols/line/silent_client.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail::smtp {
namespace {
/// RFC 5321, section 4.5.3.1.4 asks for 512, its extensions for some hundred more.
constexpr std::size_t command_bytes_max = 2048;
constexpr std::size_t client_name_bytes_max = 255;
/// RFC 5321, section 3.8.
const Reply going_away{421, "4.3.2", "this server goes out of service"};
}  // namespace

Task<void> serve(Stream& stream, Services services, const Settings& settings) {
  Session session(stream, services, settings);
  try {
    co_await session.run();
  } catch (const asio::system_error& error) {
    stream.close();
    if (error.code() == asio::error::operation_aborted) throw;
    log(Level::debug, "smtp.connection_lost",
        {{"connection", stream.connection()}, {"peer", stream.peer_address()}, {"error", error.what()}});
  }
  stream.close();
}

Session::Session(Stream& stream, Services services, const Settings& settings)
    : stream_(stream),
      services_(services),
      settings_(settings),
      channel_(stream, services.clock, settings.command_timeout) {
  state_.mode = settings.mode;
  if (services.account != nullptr) state_.account = *services.account;
  look_at_connection();
}

Task<void> Session::run() {
  Farewell farewell{
      settings_.stopping, [this] { return is_between_commands_ && channel_.awaits_client(); }, {}};
  append_to(farewell.text, going_away);
  co_await converse(channel_, services_.clock, std::move(farewell), take_commands());
}

Task<void> Session::take_commands() {
  if (!is_stopping()) greet_client();
  while (!ended_) {
    if (is_stopping()) {
      end(going_away);
      break;
    }
    is_between_commands_ = true;
    const auto line = co_await channel_.read_line(command_bytes_max, settings_.command_timeout);
    is_between_commands_ = false;
    if (!line) break;  // gone without QUIT
    if (is_stopping()) {
      end(going_away);
      break;
    }
    co_await handle(*line);
  }
  co_await channel_.flush();
}

void Session::greet_client() {
  const std::string_view protocol = settings_.mode == Mode::lmtp ? " LMTP gridmail" : " ESMTP gridmail";
  channel_.output().append("220 ").append(settings_.hostname).append(protocol).append("\r\n");
}

Task<void> Session::handle(const Line& line) {
  if (line.flaw == Line::Flaw::too_long) {
    const Reply refusal{500, "5.5.2", "line too long"};
    const bool is_blank =
        text::trim(line.text).empty();  // as far as it is known: anything may come after that
    is_blank ? end(refusal) : refuse_line(line.text, refusal);
    co_return;
  }
  if (line.flaw == Line::Flaw::bare_lf) {
    // RFC 5321, section 2.3.8: no other sequence than CRLF is a line terminator.
    refuse_line(line.text, {500, "5.5.2", "lines end in CRLF"});
    co_return;
  }
  const auto command = parse_command(line.text);
  if (!command) {
    refuse_line(line.text, command.error());
    co_return;
  }
  if (command->verb == Verb::bdat) co_return co_await bdat(command->argument);
  if (auto refusal = refuse_out_of_order(state_, command->verb)) {
    refuse(*refusal);
    co_return;
  }
  co_await dispatch(*command);
}

Task<void> Session::dispatch(const Command& command) {
  switch (command.verb) {
    case Verb::mail:
      co_return co_await mail(command.argument);
    case Verb::rcpt:
      co_return co_await rcpt(command.argument);
    case Verb::data:
      if (!refuse_argument(command)) co_await data();
      co_return;
    case Verb::starttls:
      if (!refuse_argument(command)) co_await starttls();
      co_return;
    case Verb::auth:
      co_return co_await auth(command.argument);
    default:
      answer_simple(command);
  }
}

void Session::answer_simple(const Command& command) {
  switch (command.verb) {
    case Verb::ehlo:
    case Verb::helo:
    case Verb::lhlo:
      return greet(command);
    case Verb::rset:
      if (refuse_argument(command)) return;
      state_.reset();
      return reply({250, "2.0.0", "ok"});
    case Verb::noop:
      return reply({250, "2.0.0", "ok"});
    case Verb::vrfy:
      if (command.argument.empty()) return refuse({501, "5.5.4", "VRFY needs an address"});
      // RFC 5321, section 3.5.3: true, and tells nobody who exists.
      return reply({252, "2.5.0", "cannot verify, but will take mail for users of this domain"});
    case Verb::help:
      return reply({214, "2.0.0", "see RFC 5321"});
    case Verb::quit:
      if (refuse_argument(command)) return;
      return end({221, "2.0.0", "bye"});
    case Verb::foreign:
      // A browser or proxy sent here by somebody else's page: what follows are not its user's commands.
      return end({421, "4.7.0", "this is not an HTTP server"});
    default:
      GRIDMAIL_ASSERT(false);
  }
}

void Session::greet(const Command& command) {
  if (command.argument.empty()) return refuse({501, "5.5.4", "name needed"});
  state_.reset();
  state_.client_name = command.argument.substr(0, client_name_bytes_max);
  state_.extended = command.verb != Verb::helo;
  if (state_.extended) {
    channel_.output() += greeting_reply(state_, settings_, services_.delivery.message_bytes_max());
  } else {
    reply({250, "", settings_.hostname});
  }
}

void Session::reply(const Reply& reply) {
  append_to(channel_.output(), reply);
}

void Session::refuse(const Reply& refusal) {
  reply(refusal);
  if (refusal.code < 500) return;
  if (++errors_ >= settings_.errors_max) end({421, "4.7.0", "too many errors"});
}

/// What stands behind a BDAT that cannot be read is a chunk, not commands: nobody can say where it ends.
void Session::refuse_line(std::string_view line, const Reply& refusal) {
  if (text::starts_with_ignoring_case(text::trim(line), "BDAT")) return end(refusal);
  refuse(refusal);
}

void Session::end(const Reply& last) {
  reply(last);
  ended_ = true;
}

bool Session::refuse_argument(const Command& command) {
  if (command.argument.empty()) return false;
  refuse({501, "5.5.4", "no argument is allowed here"});
  return true;
}

}  // namespace gridmail::smtp
