#include "protocols/smtp_client/client_session.hpp"

#include <algorithm>
#include <asio/error.hpp>
#include <asio/system_error.hpp>

namespace gridmail::smtp {
namespace {

constexpr std::size_t reply_line_bytes_max = 4096;
constexpr Duration goodbye_max = std::chrono::seconds(2);

ClientSession::Trouble trouble_of(const RemoteReply& reply) {
  return {verdict_of(reply), false};
}

/// RFC 8689, section 4.2.1: the sender would rather have the message back.
void refuse_for_good(ClientSession::Trouble& trouble) {
  trouble.verdict.kind = Verdict::Kind::refused;
  trouble.verdict.status = "5.7.30";
}

ClientSession::Trouble own_trouble(std::string status, std::string text) {
  return {{Verdict::Kind::deferred, std::move(status), std::move(text), false}, false};
}

}  // namespace

Verdict verdict_of(const RemoteReply& reply) {
  if (reply.is_positive()) return {Verdict::Kind::accepted, reply.status(), reply.text(), true};
  if (reply.is_permanent()) return {Verdict::Kind::refused, reply.status(), reply.text(), true};
  if (reply.is_temporary()) return {Verdict::Kind::deferred, reply.status(), reply.text(), true};
  return {Verdict::Kind::deferred, "4.5.0", "unexpected reply: " + reply.text(), true};
}

ClientSession::ClientSession(std::unique_ptr<Stream> stream, Clock& clock, const ClientSettings& settings,
                             ServerTerms terms)
    : stream_(std::move(stream)),
      settings_(settings),
      terms_(std::move(terms)),
      clock_(clock),
      channel_(*stream_, clock, settings.block_timeout) {}

/// All lines of it within `timeout`, and no later than the transaction's end.
Task<RemoteReply> ClientSession::read_reply(Duration timeout) {
  const auto deadline = std::min(clock_.now() + timeout, transaction_ends_);
  for (;;) {
    const auto left = deadline - clock_.now();
    if (left <= Duration::zero()) throw asio::system_error(asio::error::timed_out);
    const auto line = co_await channel_.read_line(reply_line_bytes_max, left);
    if (!line) throw asio::system_error(asio::error::eof);
    if (line->flaw == Line::Flaw::too_long) throw Unintelligible{"a line of more than 4096 bytes"};
    auto fed = parser_.feed(line->text);
    if (!fed) throw Unintelligible{fed.error().text};
    if (!*fed) continue;
    // RFC 5321, section 3.8: the server closes the connection after it.
    if ((*fed)->code == 421) usable_ = false;
    co_return std::move(**fed);
  }
}

Task<RemoteReply> ClientSession::command(std::string line, Duration timeout) {
  channel_.output() += line;
  return read_reply(timeout);
}

Task<std::optional<ClientSession::Trouble>> ClientSession::open() {
  std::optional<Trouble> trouble;
  try {
    trouble = co_await introduce();
  } catch (const asio::system_error& error) {
    break_off();
    if (error.code() == asio::error::operation_aborted) throw;
    const std::string why = in_handshake_ ? error.what() : error.code().message();
    trouble = own_trouble("4.4.2", "connection lost while waiting for " + std::string(stage_) + ": " + why);
    trouble->in_tls = in_handshake_;
  } catch (const Unintelligible& error) {
    break_off();
    trouble = own_trouble("4.5.0", error.what);
  }
  if (trouble) break_off();
  if (trouble && trouble->in_tls && terms_.require_tls_onwards) refuse_for_good(*trouble);
  co_return trouble;
}

Task<std::optional<ClientSession::Trouble>> ClientSession::introduce() {
  stage_ = "the greeting";
  usable_ = true;
  const auto greeting = co_await read_reply(settings_.command_timeout);
  if (!greeting.is_positive()) co_return trouble_of(greeting);
  auto trouble = co_await hello();
  if (!trouble) trouble = co_await secure();
  if (!trouble && terms_.require_tls_onwards && !extensions_.require_tls) {
    trouble = own_trouble("5.7.30", "the server does not announce REQUIRETLS");
    refuse_for_good(*trouble);
  }
  if (!trouble && terms_.credentials) trouble = co_await authenticate();
  co_return trouble;
}

Task<std::optional<ClientSession::Trouble>> ClientSession::hello() {
  stage_ = "the reply to EHLO";
  extensions_ = {};
  const std::string verb = terms_.lmtp ? "LHLO " : "EHLO ";
  const auto reply = co_await command(verb + settings_.hostname + "\r\n", settings_.command_timeout);
  if (reply.is_positive()) {
    extensions_ = parse_extensions(reply);
    co_return std::nullopt;
  }
  if (!reply.is_permanent() || terms_.lmtp) co_return trouble_of(reply);
  // RFC 5321, section 3.2: a server that knows no EHLO.
  const auto again = co_await command("HELO " + settings_.hostname + "\r\n", settings_.command_timeout);
  if (again.is_positive()) co_return std::nullopt;
  co_return trouble_of(again);
}

Task<std::optional<ClientSession::Trouble>> ClientSession::secure() {
  const auto tls = terms_.tls;
  if (tls == ClientTls::never || stream_->is_secure()) co_return std::nullopt;
  if (extensions_.start_tls) {
    stage_ = "the reply to STARTTLS";
    const auto reply = co_await command("STARTTLS\r\n", settings_.command_timeout);
    if (reply.code == 220) {
      // RFC 3207, section 4.2: what was sent before the handshake is nobody's.
      if (!channel_.input().buffered().empty())
        co_return own_trouble("4.7.0", "bytes behind the reply to STARTTLS");
      stage_ = "the TLS handshake";
      in_handshake_ = true;
      co_await channel_.start_tls();
      in_handshake_ = false;
      co_return co_await hello();
    }
    if (!usable_) co_return trouble_of(reply);
  }
  if (tls == ClientTls::required) {
    auto trouble = own_trouble("4.7.4", "TLS is required here and not offered");
    if (terms_.require_tls_onwards) refuse_for_good(trouble);
    co_return trouble;
  }
  co_return std::nullopt;
}

Task<std::optional<ClientSession::Trouble>> ClientSession::authenticate() {
  if (!stream_->is_secure() && !stream_->peer_is_loopback())
    co_return own_trouble("4.7.11", "the password is not sent without TLS");
  const auto& [user, password] = *terms_.credentials;
  stage_ = "the reply to AUTH";
  RemoteReply reply;
  if (extensions_.auth_plain) {
    const std::string secret = '\0' + user + '\0' + password;
    reply = co_await command("AUTH PLAIN " + to_base64(secret) + "\r\n", settings_.command_timeout);
  } else if (extensions_.auth_login) {
    reply = co_await command("AUTH LOGIN\r\n", settings_.command_timeout);
    if (reply.is_intermediate())
      reply = co_await command(to_base64(user) + "\r\n", settings_.command_timeout);
    if (reply.is_intermediate())
      reply = co_await command(to_base64(password) + "\r\n", settings_.command_timeout);
  } else {
    co_return own_trouble("4.7.0", "AUTH with PLAIN or LOGIN is not offered");
  }
  if (reply.is_positive()) co_return std::nullopt;
  // The password of this node is the administrator's business: no message fails for it.
  auto trouble = trouble_of(reply);
  trouble.verdict.kind = Verdict::Kind::deferred;
  co_return trouble;
}

Task<void> ClientSession::quit() {
  if (usable_) {
    usable_ = false;
    try {
      (void)co_await command("QUIT\r\n", goodbye_max);
    } catch (const asio::system_error& error) {
      if (error.code() == asio::error::operation_aborted) {
        stream_->close();
        throw;
      }
    } catch (const Unintelligible&) {  // good-bye all the same
    }
  }
  stream_->close();
}

void ClientSession::break_off() {
  usable_ = false;
  stream_->close();
}

}  // namespace gridmail::smtp
