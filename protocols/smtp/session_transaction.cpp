// MAIL and RCPT of an SMTP session (RFC 5321, section 3.3), and what becomes of its messages.
#include <fmt/format.h>

#include "node/base/log.hpp"
#include "node/base/metrics.hpp"
#include "protocols/lmtp/recipient_replies.hpp"
#include "protocols/smtp/message_receiver.hpp"
#include "protocols/smtp/reply_mapping.hpp"
#include "protocols/smtp/session.hpp"
#include "protocols/smtp/trace_header.hpp"
#include "protocols/text/ascii.hpp"
#include "protocols/text/normalization.hpp"

namespace gridmail::smtp {
namespace {

metrics::Histogram answered_in{"smtp_message_seconds", "From the end of a message to its answer."};
constexpr std::string_view messages_help =
    "Messages that were to be stored, with LMTP each recipient's, by answer.";
metrics::Outcomes by_mx{"smtp_messages_total", messages_help, "service=\"mx\""};
metrics::Outcomes by_submission{"smtp_messages_total", messages_help, "service=\"submission\""};
metrics::Outcomes by_lmtp{"smtp_messages_total", messages_help, "service=\"lmtp\""};

constexpr std::size_t authors_max = 20;

std::string draw_message_id(Random& random) {
  Bytes drawn;
  append_be64(drawn, random.u64());
  return to_hex(drawn);
}

/// Whoever reads it next need not know U-labels (RFC 6531, section 3.2). Nothing when the domain is none.
std::optional<std::string> with_ascii_domain(const std::string& address) {
  const auto at = address.rfind('@') + 1;
  const auto domain = text::to_ascii_domain(std::string_view(address).substr(at));
  if (!domain) return std::nullopt;
  return address.substr(0, at) + *domain;
}
}  // namespace

Task<void> Session::mail(std::string_view argument) {
  auto arguments = parse_mail(argument, state_.mode == Mode::submission);
  if (!arguments) {
    refuse(arguments.error());
    co_return;
  }
  if (arguments->require_tls && !state_.secure) {
    refuse({530, "5.7.10", "REQUIRETLS needs TLS: STARTTLS first"});
    co_return;
  }
  // RFC 1870, section 6.1
  if (arguments->size && *arguments->size > services_.delivery.message_bytes_max()) {
    reply(message_refused({Errc::too_large, {}}));
    co_return;
  }
  if (!text::is_ascii(arguments->sender.address)) {
    if (auto address = with_ascii_domain(arguments->sender.address))
      arguments->sender.address = std::move(*address);
  }
  // RFC 6409, section 6.1. The empty path is nobody's address, and mail programs send read receipts with it
  // (RFC 8098, section 3).
  if (state_.account && !arguments->sender.address.empty()) {
    const auto allowed =
        co_await services_.directory.may_send_as(state_.account->id, arguments->sender.address);
    if (!allowed) {
      reply(sender_not_checked(allowed.error()));
      co_return;
    }
    if (!*allowed) {
      reply({550, "5.7.1", "this is not an address of yours to send from"});
      co_return;
    }
  }
  if (is_over_limit(&ports::Limits::may_send_message, {450, "4.7.1", "too many messages, try again later"}))
    co_return;
  state_.transaction.emplace(std::move(*arguments));
  reply({250, "2.1.0", "sender ok"});
}

/// Refuses, and gives true, where there were too many. A neighbour's mail is nobody's own.
bool Session::is_over_limit(bool (ports::Limits::*may)(const std::string&, UserId), const Reply& refusal) {
  if (services_.limits == nullptr || state_.mode == Mode::lmtp) return false;
  const auto user = state_.account ? state_.account->id : UserId{};
  if ((services_.limits->*may)(stream_.peer_address(), user)) return false;
  reply(refusal);
  return true;
}

Task<void> Session::rcpt(std::string_view argument) {
  auto arguments = parse_rcpt(argument, state_.transaction->mail().utf8);
  if (!arguments) {
    refuse(arguments.error());
    co_return;
  }
  auto& given = arguments->recipient.address;
  if (state_.transaction->accepted() >= settings_.recipients_max) {
    reply({452, "4.5.3", "too many recipients"});  // RFC 5321, section 4.5.3.1.10
    co_return;
  }
  if (is_over_limit(&ports::Limits::may_name_recipient,
                    {450, "4.7.1", "too many recipients, try again later"}))
    co_return;
  auto target = co_await services_.directory.resolve(given);
  // RFC 6409, section 4.3: who has logged in may write to the world.
  if (!target && state_.account && target.error().code == Errc::not_found && target.error().text == "relay") {
    if (auto address = with_ascii_domain(given)) target = ports::Target{UserId{}, std::move(*address)};
  }
  if (!target) {
    reply(recipient_refused(target.error()));
    // A neighbour that keeps its LMTP connection open for days harvests nothing.
    if (target.error().temporary() || state_.mode == Mode::lmtp) co_return;
    if (++unknown_recipients_ >= settings_.unknown_recipients_max) {
      end({421, "4.7.0", "too many unknown recipients"});
    }
    co_return;
  }
  ports::Recipient recipient;
  recipient.user = target->id;
  recipient.address = std::move(target->address);
  recipient.as_given = std::move(given);
  recipient.expands = target->expands;
  recipient.notify = arguments->notify;
  recipient.original = std::move(arguments->original);
  state_.transaction->add(std::move(recipient));
  reply({250, "2.1.5", "recipient ok"});
}

/// The message has ended, and with it the transaction.
Task<void> Session::finish(MessageReceiver& receiver) {
  Transaction transaction = std::move(*state_.transaction);
  state_.reset();
  auto refusal = receiver.refusal();
  std::optional<SubmissionHeader> header;
  if (state_.mode == Mode::submission) header = read_submission_header(receiver.header());
  if (!refusal && header && header->has_from) refusal = co_await refuse_authors(header->authors);
  if (refusal) {
    refuse_message(transaction, *refusal);
    co_return;
  }
  co_await deliver(std::move(transaction), receiver, std::move(header));
}

/// RFC 6409, sections 3.2 and 6.1: whoever reads the message takes From for its author, so it names nobody
/// but the user.
Task<std::optional<Reply>> Session::refuse_authors(std::vector<std::string> authors) {
  if (authors.empty() || authors.size() > authors_max)
    co_return Reply{550, "5.7.1", "From must name an address of yours"};
  for (const auto& author : authors) {
    const auto allowed = co_await services_.directory.may_send_as(state_.account->id, author);
    if (!allowed) co_return sender_not_checked(allowed.error());
    if (!*allowed) co_return Reply{550, "5.7.1", "From names an address that is not yours to send from"};
  }
  co_return std::nullopt;
}

Task<void> Session::deliver(Transaction transaction, MessageReceiver& receiver,
                            std::optional<SubmissionHeader> header) {
  const std::string id = draw_message_id(services_.random);
  auto incoming_message = incoming(transaction, id);
  // RFC 8689, section 5: REQUIRETLS comes first.
  if (header && header->tls_not_required && incoming_message.tls == ports::TlsWish::unsaid)
    incoming_message.tls = ports::TlsWish::optional;
  if (header) {
    incoming_message.trace_header +=
        missing_fields(*header, {state_.account->login, id, settings_.hostname, services_.clock.wall()});
    // RFC 6532: From may have brought UTF-8 in.
    incoming_message.utf8 = incoming_message.utf8 || !text::is_ascii(incoming_message.trace_header);
  } else if (receiver.begins_with_blank()) {
    // Such content has no header: an empty line makes all of it the body, and no field of ours takes its
    // first line in.
    incoming_message.trace_header += "\r\n";
  }
  incoming_message.message = receiver.take_message();
  incoming_message.long_lines = receiver.has_long_lines();
  incoming_message.bare_cr = receiver.has_bare_cr();
  const std::uint64_t bytes = incoming_message.message->size();
  const std::size_t recipients = incoming_message.recipients.size();
  const auto begun = services_.clock.now();
  if (state_.mode == Mode::lmtp) {
    const auto results = co_await services_.delivery.deliver_each(std::move(incoming_message));
    answered_in.observe(services_.clock.now() - begun);
    for (const auto& each : results) by_lmtp.count(each);
    errors_ = 0;
    lmtp::append_replies(channel_.output(), transaction.accepted_recipients(), results, id);
    co_return;
  }
  const auto result = co_await services_.delivery.deliver(std::move(incoming_message));
  answered_in.observe(services_.clock.now() - begun);
  (state_.mode == Mode::submission ? by_submission : by_mx).count(result);
  if (!result) {
    log(Level::warn, "smtp.not_delivered",
        {{"connection", stream_.connection()},
         {"id", id},
         {"peer", stream_.peer_address()},
         {"error", name_of(result.error().code)},
         {"text", result.error().text}});
    reply(message_refused(result.error()));
    co_return;
  }
  if (log_enabled(Level::info)) {
    log(Level::info, "smtp.delivered",
        {{"connection", stream_.connection()},
         {"id", id},
         {"peer", stream_.peer_address()},
         {"sender", transaction.sender()},
         {"recipients", recipients},
         {"bytes", bytes}});
  }
  errors_ = 0;  // who brings mail may stay connected for days
  reply({250, "2.0.0", fmt::format("message {} is stored", id)});
}

ports::Incoming Session::incoming(Transaction& transaction, const std::string& id) {
  Trace trace;
  trace.mode = state_.mode;
  trace.client_name = state_.client_name;
  trace.extended = state_.extended;
  trace.utf8 = transaction.mail().utf8;
  trace.peer_address = stream_.peer_address();
  if (state_.secure) {
    trace.tls_version = stream_.tls_version();
    trace.tls_cipher = stream_.tls_cipher();
  }
  if (state_.account) trace.login = state_.account->login;
  trace.hostname = settings_.hostname;
  trace.id = id;
  // RFC 5321, section 7.2: with several recipients none learns of the others.
  if (transaction.accepted() == 1) trace.only_recipient = transaction.recipients().front().as_given;
  trace.received_at = services_.clock.wall();
  ports::Incoming incoming;
  incoming.sender = transaction.sender();
  incoming.recipients = std::move(transaction.recipients());
  incoming.trace_header = format_received(trace);
  incoming.id = id;
  incoming.connection = stream_.connection();
  incoming.returned = transaction.mail().returned;
  incoming.envelope_id = transaction.mail().envelope_id;
  incoming.utf8 = transaction.mail().utf8;
  incoming.binary = transaction.mail().binary;
  if (transaction.mail().require_tls) incoming.tls = ports::TlsWish::required;
  incoming.submitted = state_.account.has_value();
  return incoming;
}

void Session::refuse_message(const Transaction& transaction, const Reply& refusal) {
  // RFC 2033, section 4.2: LMTP answers once per recipient, whatever the answer.
  const std::size_t replies = state_.mode == Mode::lmtp ? transaction.accepted() : 1;
  for (std::size_t i = 0; i < replies; ++i) reply(refusal);
}

}  // namespace gridmail::smtp
