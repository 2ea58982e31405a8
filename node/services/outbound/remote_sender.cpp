#include "node/services/outbound/remote_sender.hpp"

#include <fmt/format.h>

#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>

#include "node/base/log.hpp"
#include "node/runtime/timer.hpp"
#include "storage/queue/outcome_report.hpp"

namespace gridmail {
namespace {

constexpr Duration connect_max = std::chrono::seconds(30);
constexpr Duration idle_max = std::chrono::seconds(4);
constexpr Duration idle_looked_at_every = std::chrono::seconds(1);
constexpr std::size_t idle_connections_max = 200;
constexpr std::size_t transactions_per_connection_max = 100;

/// NOTIFY's value (RFC 3461, section 4.1).
std::string notify_value(std::uint32_t notify) {
  if ((notify & queue::NOTIFY_NEVER) != 0) return "NEVER";
  std::string value;
  const auto add = [&](std::uint32_t bit, const char* name) {
    if ((notify & bit) != 0) value.append(value.empty() ? "" : ",").append(name);
  };
  add(queue::NOTIFY_SUCCESS, "SUCCESS");
  add(queue::NOTIFY_FAILURE, "FAILURE");
  add(queue::NOTIFY_DELAY, "DELAY");
  return value;
}

smtp::OutgoingMail mail_of(const RemoteDelivery::Sending& what, BytesView body) {
  smtp::OutgoingMail mail;
  mail.sender =
      what.message.sender_elsewhere().empty() ? what.message.sender() : what.message.sender_elsewhere();
  for (const auto& recipient : what.parcel.recipients())
    mail.recipients.push_back({recipient.address(), recipient.original(), notify_value(recipient.notify())});
  mail.trace = without_return_path(what.message.prefix());
  mail.body = body;
  if (what.message.returned() == queue::Message::HEADERS) mail.returned = "HDRS";
  if (what.message.returned() == queue::Message::FULL) mail.returned = "FULL";
  mail.envelope_id = what.message.envelope_id();
  mail.utf8 = what.message.utf8();
  mail.require_tls = what.message.tls() == queue::Message::TLS_REQUIRED;
  return mail;
}

smtp::Verdict unreadable(const Error& error) {
  return {smtp::Verdict::Kind::deferred, "4.3.0", "the message cannot be read: " + error.text, false};
}

queue::Outcome outcome_of(const smtp::Verdict& verdict, const std::string& host, bool tells) {
  using Kind = smtp::Verdict::Kind;
  queue::Outcome outcome;
  outcome.set_kind(verdict.kind == Kind::accepted  ? queue::Outcome::DELIVERED
                   : verdict.kind == Kind::refused ? queue::Outcome::FAILED
                                                   : queue::Outcome::DEFERRED);
  outcome.set_status(verdict.status);
  outcome.set_reply(verdict.text);
  if (verdict.replied) outcome.set_host(host);
  outcome.set_relayed(!tells);
  return outcome;
}

/// RFC 8689: what the sender requires holds for every way. What a domain's way requires, the sender may do
/// without (TLS-Required: No), but not what a smart host's or neighbour's does.
smtp::ServerTerms terms_of(const Route& route, const queue::Message& message) {
  smtp::ServerTerms terms;
  const bool may_be_clear = message.tls() == queue::Message::TLS_OPTIONAL && route.kind == Route::Kind::mx;
  terms.require_tls_onwards = message.tls() == queue::Message::TLS_REQUIRED;
  if (terms.require_tls_onwards || (route.tls_required && !may_be_clear))
    terms.tls = smtp::ClientTls::required;
  terms.credentials = route.credentials;
  terms.lmtp = route.kind == Route::Kind::lmtp;
  return terms;
}

}  // namespace

RemoteSender::RemoteSender(Ports ports, OutboundSettings settings)
    : ports_(std::move(ports)),
      settings_(std::move(settings)),
      search_(ports_.resolver, ports_.random, settings_.client.hostname, settings_.port),
      strand_(asio::make_strand(ports_.executor)) {}

void RemoteSender::start() {
  tasks_.spawn(strand_, "close idle connections", close_idle());
}

Task<void> RemoteSender::stop() {
  tasks_.cancel();
  co_await tasks_.join();
  idle_.clear();
}

Task<std::string> RemoteSender::next_hop(std::string destination) const {
  const auto route = co_await ports_.routes.find(destination);
  co_return route ? route->next_hop(destination) : destination;
}

Task<RemoteDelivery::Sent> RemoteSender::send(std::shared_ptr<const Sending> what) {
  return asio::co_spawn(strand_, send_on_strand(std::move(what)), asio::use_awaitable);
}

Task<RemoteDelivery::Sent> RemoteSender::send_on_strand(std::shared_ptr<const Sending> what) {
  auto route = co_await ports_.routes.find(what->parcel.destination());
  Attempt result;
  if (route) {
    result = co_await try_kept_then_new(what, std::move(*route));
  } else {
    result.trouble = {smtp::Verdict::Kind::deferred, "4.3.0", route.error().text, false};
  }
  Sent sent;
  sent.reached = result.verdicts.has_value();
  const auto count = static_cast<std::size_t>(what->parcel.recipients_size());
  if (!result.verdicts) result.verdicts.emplace(count, result.trouble);
  for (std::size_t i = 0; i < count; ++i) {
    auto outcome = outcome_of((*result.verdicts)[i], result.host, result.tells);
    outcome.set_address(what->parcel.recipients(static_cast<int>(i)).address());
    sent.outcomes.push_back(std::move(outcome));
  }
  co_return sent;
}

Task<RemoteSender::Attempt> RemoteSender::try_kept_then_new(std::shared_ptr<const Sending> what,
                                                            Route route) {
  const auto hop = route.next_hop(what->parcel.destination());
  Attempt result;
  // What a sender wants of TLS makes for connections of its own, which nobody else's mail uses.
  const auto kept = what->message.tls() == queue::Message::TLS_UNSAID
                        ? hop
                        : fmt::format("{} {}", hop, static_cast<int>(what->message.tls()));
  // A connection that has been idle may be gone: then nothing was said yet, and a new one is made.
  for (auto idle = take_idle(kept); idle; idle = take_idle(kept)) {
    result = co_await attempt_with(std::move(*idle), what, kept);
    if (result.verdicts) co_return result;
  }
  co_return co_await attempt(what, std::move(route), kept);
}

/// The hosts one after the other, until one takes the conversation up (RFC 5321, section 5.1).
Task<RemoteSender::Attempt> RemoteSender::attempt(std::shared_ptr<const Sending> what, Route route,
                                                  std::string hop) {
  auto found = co_await search_.find(what->parcel.destination(), route);
  Attempt result;
  result.trouble = std::move(found.trouble);
  // Also one whose address could not be had just now.
  bool may_come_later = result.trouble.kind == smtp::Verdict::Kind::deferred;
  for (const auto& host : found.hosts) {
    smtp::Verdict trouble;
    auto connection = co_await open(host, terms_of(route, what->message), &trouble);
    if (connection) {
      result = co_await attempt_with(std::move(*connection), what, hop);
      if (result.verdicts) co_return result;
      trouble = result.trouble;
    }
    // While any of the hosts may take it later, none has refused it for good.
    if (!may_come_later) result.trouble = trouble;
    result.host = host.name;
    may_come_later = may_come_later || trouble.kind == smtp::Verdict::Kind::deferred;
  }
  co_return result;
}

Task<RemoteSender::Attempt> RemoteSender::attempt_with(Connection connection,
                                                       std::shared_ptr<const Sending> what, std::string hop) {
  Attempt result;
  result.host = connection.host;
  auto& session = *connection.session;
  const auto body = co_await what->body();
  if (!body) {
    result.verdicts.emplace(static_cast<std::size_t>(what->parcel.recipients_size()),
                            unreadable(body.error()));
    keep(hop, std::move(connection));
    co_return result;
  }
  auto mail = mail_of(*what, body->bytes);
  auto verdicts = co_await session.send(std::move(mail), what->may_finish);
  result.tells = session.extensions().dsn;
  if (!session.is_usable() && !session.has_answered()) {
    result.trouble = verdicts.front();
    co_return result;
  }
  result.verdicts = std::move(verdicts);
  keep(hop, std::move(connection));
  co_return result;
}

Task<Result<RemoteSender::Connection>> RemoteSender::open(MailHost host, smtp::ServerTerms terms,
                                                          smtp::Verdict* trouble) {
  const auto where = host.name + " (" + host.address + ")";
  const auto deadline = ports_.clock.now() + connect_max;
  const auto verified = terms.tls == smtp::ClientTls::required ? host.name : std::string();
  auto stream = co_await ports_.dialer.connect(host.address, host.port, deadline, verified);
  if (!stream) {
    *trouble = {smtp::Verdict::Kind::deferred, "4.4.1", where + ": " + stream.error().text, false};
    co_return tl::unexpected(stream.error());
  }
  auto session =
      std::make_unique<smtp::ClientSession>(std::move(*stream), ports_.clock, settings_.client, terms);
  auto failed = co_await session->open();
  if (!failed) co_return Connection{std::move(session), host.name, {}};
  if (failed->in_tls &&
      terms.tls == smtp::ClientTls::opportunistic) {  // RFC 7435: rather in the clear than not
    log(Level::info, "smtp.tls_failed", {{"host", where}, {"error", failed->verdict.text}});
    terms.tls = smtp::ClientTls::never;
    co_return co_await open(std::move(host), std::move(terms), trouble);
  }
  *trouble = std::move(failed->verdict);
  trouble->text = where + ": " + trouble->text;
  co_return fail(Errc::io, trouble->text);
}

std::optional<RemoteSender::Connection> RemoteSender::take_idle(const std::string& hop) {
  const auto found = idle_.find(hop);
  if (found == idle_.end() || found->second.back().idle_since == TimePoint{}) return std::nullopt;
  auto connection = std::move(found->second.back());  // the one last used is the least likely to be gone
  found->second.pop_back();
  if (found->second.empty()) idle_.erase(found);
  --idle_count_;
  return connection;
}

void RemoteSender::keep(const std::string& hop, Connection connection) {
  auto& session = *connection.session;
  if (!session.is_usable()) return;
  const bool again = session.may_send() && idle_count_ < idle_connections_max &&
                     session.transactions() < transactions_per_connection_max;
  connection.idle_since = again ? ports_.clock.now() : TimePoint{};  // else it is closed at the next look
  ++idle_count_;
  auto& all = idle_[hop];
  all.insert(again ? all.end() : all.begin(), std::move(connection));
}

Task<void> RemoteSender::close_idle() {
  for (;;) {
    co_await sleep_for(ports_.clock, idle_looked_at_every);
    const auto limit = ports_.clock.now() - idle_max;
    std::vector<std::shared_ptr<smtp::ClientSession>> old;
    for (auto& [hop, connections] : idle_) {
      for (auto& connection : connections) {
        if (connection.idle_since <= limit) old.push_back(std::move(connection.session));
      }
      std::erase_if(connections, [](const auto& connection) { return !connection.session; });
    }
    std::erase_if(idle_, [](const auto& pair) { return pair.second.empty(); });
    idle_count_ -= old.size();
    for (const auto& session : old) co_await session->quit();
  }
}

}  // namespace gridmail
