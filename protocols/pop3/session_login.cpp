// USER, PASS, AUTH and STLS of a POP3 session.
#include <fmt/format.h>

#include <algorithm>

#include "node/base/log.hpp"
#include "node/base/metrics.hpp"
#include "protocols/pop3/reply_mapping.hpp"
#include "protocols/pop3/session.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail::pop3 {
namespace {
metrics::Outcomes log_ins{"pop3_log_ins_total", "Passwords that were checked."};

/// RFC 5034, section 4: as SMTP's (RFC 4954).
constexpr std::size_t response_bytes_max = 12288;
/// Entries of a large maildrop are asked for in portions, so that no answer is large.
constexpr std::size_t entries_at_once = 4096;
constexpr std::string_view needs_tls = "STLS first";
}  // namespace

void Session::user(std::string_view name) {
  if (!may_log_in()) return refuse(needs_tls);
  if (name.empty()) return refuse("USER needs a name");
  // Never tells whether the name exists.
  login_ = text::trim(name);
  ok("send PASS");
}

Task<void> Session::pass(std::string_view password) {
  if (login_.empty()) {
    refuse("USER first");
    co_return;
  }
  sasl::Credentials credentials{std::exchange(login_, {}), std::string(password)};
  co_await log_in(std::move(credentials));
}

Task<void> Session::auth(std::string_view argument) {
  argument = text::trim(argument);
  if (!may_log_in()) {
    refuse(needs_tls);
    co_return;
  }
  if (argument.empty()) {
    // Not in RFC 5034, but Outlook asks so for the mechanisms.
    channel_.output() += "+OK mechanisms follow\r\nPLAIN\r\n.\r\n";
    co_return;
  }
  const std::string_view name = argument.substr(0, argument.find(' '));
  if (!text::equal_ignoring_case(name, "PLAIN")) {
    refuse("mechanism not offered");
    co_return;
  }
  std::optional<Bytes> initial;
  if (const auto rest = text::trim(argument.substr(name.size())); !rest.empty()) {
    auto decoded = sasl::decode_initial_response(rest);
    if (!decoded) {
      refuse_login(decoded.error());
      co_return;
    }
    initial = std::move(*decoded);
  }
  co_await authenticate(std::move(initial));
}

/// RFC 5034, section 4.
Task<void> Session::authenticate(std::optional<Bytes> initial) {
  sasl::ServerExchange exchange(sasl::Mechanism::plain);
  auto step = exchange.start(initial);
  while (step && std::holds_alternative<sasl::Challenge>(*step)) {
    channel_.output() += fmt::format("+ {}\r\n", to_base64(std::get<sasl::Challenge>(*step).text));
    const auto line = co_await channel_.read_line(response_bytes_max, settings_.idle_timeout);
    if (!line) {
      ended_ = true;  // gone
      co_return;
    }
    if (line->flaw == Line::Flaw::too_long) {
      refuse("line too long");
      co_return;
    }
    const auto response = sasl::decode_response(line->text);
    if (!response) {
      refuse_login(response.error());
      co_return;
    }
    step = exchange.step(*response);
  }
  if (!step) {
    refuse_login(step.error());
    co_return;
  }
  auto credentials = std::get<sasl::Credentials>(std::move(*step));
  co_await log_in(std::move(credentials));
}

/// Into the TRANSACTION state; a failure of any kind leaves the session where it was.
Task<void> Session::log_in(sasl::Credentials credentials) {
  auto account =
      co_await services_.directory.authenticate(std::move(credentials.login), std::move(credentials.password),
                                                stream_.peer_address(), ports::Protocol::pop3);
  log_ins.count(account);
  if (!account) {
    refuse_login(account.error());
    co_return;
  }
  auto maildrop = co_await open_maildrop(account->id);
  if (!maildrop) {
    channel_.output() += failure_reply(maildrop.error(), "cannot open the maildrop");
    co_return;
  }
  account_ = std::move(*account);
  log(Level::info, "pop3.logged_in",
      {{"connection", stream_.connection()}, {"peer", stream_.peer_address()}, {"login", account_->login}});
  maildrop_ = std::move(*maildrop);
  ok(fmt::format("maildrop has {} messages ({} octets)", maildrop_.count(), maildrop_.bytes()));
}

Task<Result<MaildropState>> Session::open_maildrop(UserId user) {
  // Read-only, since looking at INBOX by POP3 says nothing about \Recent in IMAP.
  const auto opened = co_await services_.mailboxes.open(user, "INBOX", true);
  if (!opened) co_return tl::unexpected<Error>(opened.error());
  MaildropState maildrop(opened->status.id, opened->status.uid_validity);
  const std::size_t count = opened->uids.count();
  for (std::size_t from = 1; from <= count; from += entries_at_once) {
    const std::size_t to = std::min(count, from + entries_at_once - 1);
    ports::UidSet range;
    range.add(opened->uids.at_rank(from), opened->uids.at_rank(to));
    ports::UidSet portion = opened->uids.intersect(range);
    const auto entries = co_await services_.mailboxes.entries(user, opened->status.id, std::move(portion));
    if (!entries) co_return tl::unexpected<Error>(entries.error());
    for (const auto& entry : *entries) maildrop.add(entry);
  }
  co_return maildrop;
}

void Session::refuse_login(const Error& error) {
  channel_.output() += login_failure_reply(error);
  if (error.temporary()) return;
  log(Level::info, "pop3.login_failed",
      {{"connection", stream_.connection()}, {"peer", stream_.peer_address()}});
  if (++login_failures_ >= settings_.login_failures_max) ended_ = true;
}

/// RFC 2595, section 4.
Task<void> Session::stls() {
  if (stream_.is_secure()) {
    refuse("TLS is already on");
    co_return;
  }
  if (!stream_.can_start_tls()) {
    refuse("STLS is not offered");
    co_return;
  }
  // Commands sent along with STLS were put there by someone in between: they are not run, in plain text or
  // later.
  if (!channel_.input().buffered().empty()) {
    channel_.input().discard();
    refuse("nothing may follow STLS before its reply");
    ended_ = true;
    co_return;
  }
  ok("begin TLS");
  co_await channel_.start_tls();
  login_.clear();
}

}  // namespace gridmail::pop3
