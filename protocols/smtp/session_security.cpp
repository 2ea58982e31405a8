// STARTTLS (RFC 3207) and AUTH (RFC 4954) of an SMTP session.
#include "node/base/log.hpp"
#include "node/base/metrics.hpp"
#include "protocols/smtp/reply_mapping.hpp"
#include "protocols/smtp/session.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail::smtp {
namespace {

metrics::Outcomes log_ins{"smtp_log_ins_total", "Passwords that were checked."};

/// RFC 4954, section 4.
constexpr std::size_t response_bytes_max = 12288;

}  // namespace

void Session::look_at_connection() {
  state_.secure = stream_.is_secure();
  state_.may_start_tls = !state_.secure && stream_.can_start_tls();
  state_.may_send_password = state_.secure || (settings_.allow_plaintext_login && stream_.peer_is_loopback());
}

Task<void> Session::starttls() {
  // RFC 3207, section 4.2. Commands sent along with STARTTLS were put there by someone in between, or by a
  // client that would not notice if they were: they are not run, in plain text or later.
  if (!channel_.input().buffered().empty()) {
    channel_.input().discard();
    end({554, "5.5.1", "nothing may follow STARTTLS before its reply"});
    co_return;
  }
  reply({220, "2.0.0", "go ahead"});
  co_await channel_.start_tls();
  state_.forget_client();
  look_at_connection();
}

Task<void> Session::auth(std::string_view argument) {
  const std::string_view name = argument.substr(0, argument.find_first_of(" \t"));
  const std::string_view rest = text::trim(argument.substr(name.size()));
  if (name.empty()) {
    refuse({501, "5.5.4", "syntax: AUTH mechanism [initial-response]"});
    co_return;
  }
  const auto mechanism = sasl::mechanism_named(name);
  if (!mechanism) {
    refuse({504, "5.5.4", "mechanism not offered"});
    co_return;
  }
  std::optional<Bytes> initial;
  if (!rest.empty()) {
    auto decoded = sasl::decode_initial_response(rest);
    if (!decoded) {
      refuse(login_refused(decoded.error()));
      co_return;
    }
    initial = std::move(*decoded);
  }
  sasl::ServerExchange exchange(*mechanism);
  co_await authenticate(exchange, std::move(initial));
}

Task<void> Session::authenticate(sasl::ServerExchange& exchange, std::optional<Bytes> initial) {
  auto step = exchange.start(initial);
  while (step && std::holds_alternative<sasl::Challenge>(*step)) {
    const auto response = co_await ask(std::get<sasl::Challenge>(*step));
    if (!response) {
      ended_ = true;  // gone
      co_return;
    }
    if (!*response) {
      refuse(login_refused(response->error()));
      co_return;
    }
    step = exchange.step(**response);
  }
  if (!step) {
    refuse_login(step.error());
    co_return;
  }
  auto credentials = std::get<sasl::Credentials>(std::move(*step));
  co_await check_credentials(std::move(credentials));
}

/// Nothing: the client has finished.
Task<std::optional<Result<Bytes>>> Session::ask(const sasl::Challenge& challenge) {
  reply({334, "", to_base64(challenge.text)});
  const auto line = co_await channel_.read_line(response_bytes_max, settings_.command_timeout);
  if (!line) co_return std::nullopt;
  if (line->flaw == Line::Flaw::too_long) co_return Result<Bytes>(fail(Errc::too_large, "response too long"));
  if (line->flaw != Line::Flaw::none) co_return Result<Bytes>(fail(Errc::invalid, "malformed line"));
  co_return sasl::decode_response(line->text);
}

Task<void> Session::check_credentials(sasl::Credentials credentials) {
  auto account =
      co_await services_.directory.authenticate(std::move(credentials.login), std::move(credentials.password),
                                                stream_.peer_address(), ports::Protocol::smtp);
  log_ins.count(account);
  if (!account) {
    refuse_login(account.error());
    co_return;
  }
  state_.account = std::move(*account);
  log(Level::info, "smtp.logged_in",
      {{"connection", stream_.connection()},
       {"peer", stream_.peer_address()},
       {"login", state_.account->login}});
  errors_ = 0;
  reply({235, "2.7.0", "authenticated"});
}

void Session::refuse_login(const Error& error) {
  refuse(login_refused(error));
  if (error.temporary()) return;
  log(Level::info, "smtp.login_failed",
      {{"connection", stream_.connection()}, {"peer", stream_.peer_address()}});
  if (++login_failures_ >= settings_.login_failures_max && !ended_)
    end({421, "4.7.0", "too many failed log-ins"});
}

}  // namespace gridmail::smtp
