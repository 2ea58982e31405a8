#include "protocols/smtp/session_state.hpp"

#include <fmt/format.h>

namespace gridmail::smtp {
namespace {

/// RFC 2033, section 4.1: LHLO in LMTP, EHLO and HELO in SMTP, and never the other.
bool is_greeting_of(Mode mode, Verb verb) {
  return (verb == Verb::lhlo) == (mode == Mode::lmtp);
}

std::optional<Reply> refuse_starttls(const SessionState& state) {
  if (state.secure) return Reply{503, "5.5.1", "TLS is already on"};
  if (!state.may_start_tls) return Reply{502, "5.5.1", "STARTTLS is not offered"};
  if (state.transaction) return Reply{503, "5.5.1", "not within a mail transaction"};
  return std::nullopt;
}

/// RFC 4954, section 4.
std::optional<Reply> refuse_auth(const SessionState& state) {
  if (state.mode != Mode::submission) return Reply{502, "5.5.1", "AUTH is not offered here"};
  if (state.client_name.empty()) return Reply{503, "5.5.1", "EHLO first"};
  if (state.account) return Reply{503, "5.5.1", "already authenticated"};
  if (state.transaction) return Reply{503, "5.5.1", "not within a mail transaction"};
  if (!state.may_send_password) return Reply{538, "5.7.11", "encryption required: STARTTLS first"};
  return std::nullopt;
}

std::optional<Reply> refuse_mail(const SessionState& state) {
  if (state.client_name.empty()) {
    return Reply{503, "5.5.1", state.mode == Mode::lmtp ? "LHLO first" : "EHLO first"};
  }
  if (state.mode == Mode::submission && !state.account) {
    if (!state.may_send_password) return Reply{530, "5.7.0", "STARTTLS first"};  // RFC 3207, section 4
    return Reply{530, "5.7.0", "authentication required"};  // RFC 4954, section 6; RFC 6409, section 4.3
  }
  if (state.transaction) return Reply{503, "5.5.1", "a mail transaction is already open"};
  return std::nullopt;
}

std::optional<Reply> refuse_rcpt(const SessionState& state) {
  if (!state.transaction) return Reply{503, "5.5.1", "MAIL first"};
  if (state.transaction->chunks) return Reply{503, "5.5.1", "not after BDAT"};
  return std::nullopt;
}

std::optional<Reply> refuse_data(const SessionState& state, Verb verb) {
  if (!state.transaction) return Reply{503, "5.5.1", "MAIL first"};
  // RFC 3030, sections 2 and 3
  if (verb == Verb::data && state.transaction->chunks) return Reply{503, "5.5.1", "not after BDAT"};
  if (verb == Verb::data && state.transaction->mail().binary)
    return Reply{503, "5.5.1", "BINARYMIME needs BDAT"};
  if (state.transaction->accepted() > 0) return std::nullopt;
  // RFC 5321, section 3.3; for LMTP it is always 503 (RFC 2033, section 4.2).
  if (state.mode == Mode::lmtp) return Reply{503, "5.5.1", "no valid recipients"};
  return Reply{554, "5.5.1", "no valid recipients"};
}

}  // namespace

void Transaction::add(ports::Recipient recipient) {
  const auto key = recipient.is_elsewhere() ? recipient.address : recipient.user.bytes();
  const auto [found, is_new] = index_.try_emplace(key, recipients_.size());
  accepted_.push_back(found->second);
  if (is_new) recipients_.push_back(std::move(recipient));
}

void SessionState::forget_client() {
  client_name.clear();
  extended = false;
  account.reset();
  transaction.reset();
}

std::optional<Reply> refuse_out_of_order(const SessionState& state, Verb verb) {
  switch (verb) {
    case Verb::ehlo:
    case Verb::helo:
    case Verb::lhlo:
      if (!is_greeting_of(state.mode, verb)) return Reply{500, "5.5.1", "not a command of this protocol"};
      return std::nullopt;
    case Verb::starttls:
      return refuse_starttls(state);
    case Verb::auth:
      return refuse_auth(state);
    case Verb::mail:
      return refuse_mail(state);
    case Verb::rcpt:
      return refuse_rcpt(state);
    case Verb::data:
    case Verb::bdat:
      return refuse_data(state, verb);
    case Verb::unimplemented:
      return Reply{502, "5.5.1", "command not implemented"};
    case Verb::unknown:
      return Reply{500, "5.5.2", "command not recognised"};
    default:
      return std::nullopt;
  }
}

std::string greeting_reply(const SessionState& state, const Settings& settings,
                           std::uint64_t message_bytes_max) {
  std::string lines = fmt::format(
      "250-{}\r\n250-PIPELINING\r\n250-SIZE {}\r\n250-8BITMIME\r\n250-BINARYMIME\r\n250-CHUNKING\r\n"
      "250-DSN\r\n250-SMTPUTF8\r\n250-LIMITS RCPTMAX={}\r\n",
      settings.hostname, message_bytes_max, settings.recipients_max);
  if (state.secure) lines += "250-REQUIRETLS\r\n";  // RFC 8689, section 2: under TLS only
  if (state.may_start_tls) lines += "250-STARTTLS\r\n";
  // RFC 4954, section 4: not offered where it would be refused.
  if (state.offers_auth()) lines += "250-AUTH PLAIN LOGIN\r\n";
  return lines + "250 ENHANCEDSTATUSCODES\r\n";
}

}  // namespace gridmail::smtp
