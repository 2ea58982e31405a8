// MAIL, RCPT and DATA of an SMTP session (RFC 5321, section 3.3).
#include <fmt/format.h>

#include "node/base/log.hpp"
#include "protocols/lmtp/recipient_replies.hpp"
#include "protocols/smtp/message_receiver.hpp"
#include "protocols/smtp/reply_mapping.hpp"
#include "protocols/smtp/session.hpp"
#include "protocols/smtp/trace_header.hpp"
#include "protocols/text/normalization.hpp"

namespace gridmail::smtp {
namespace {
/// While a message comes in: few reads for most messages, little memory for many connections.
constexpr std::size_t data_buffer_bytes = 32 * 1024;

std::string draw_message_id(Random& random) {
  Bytes drawn;
  append_be64(drawn, random.u64());
  return to_hex(drawn);
}
}  // namespace

Task<void> Session::mail(std::string_view argument) {
  auto arguments = parse_mail(argument, state_.mode == Mode::submission);
  if (!arguments) {
    refuse(arguments.error());
    co_return;
  }
  // RFC 1870, section 6.1
  if (arguments->size && *arguments->size > services_.delivery.message_bytes_max()) {
    reply(message_refused({Errc::too_large, {}}));
    co_return;
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
  state_.transaction.emplace(std::move(arguments->sender));
  reply({250, "2.1.0", "sender ok"});
}

Task<void> Session::rcpt(std::string_view argument) {
  auto path = parse_rcpt(argument);
  if (!path) {
    refuse(path.error());
    co_return;
  }
  if (state_.transaction->accepted() >= settings_.recipients_max) {
    reply({452, "4.5.3", "too many recipients"});  // RFC 5321, section 4.5.3.1.10
    co_return;
  }
  auto target = co_await services_.directory.resolve(path->address);
  // RFC 6409, section 4.3: who has logged in may write to the world.
  if (!target && state_.account && target.error().code == Errc::not_found && target.error().text == "relay") {
    const auto at = path->address.rfind('@') + 1;
    const auto domain = text::to_ascii_domain(path->address.substr(at));
    if (domain) target = ports::Target{UserId{}, path->address.substr(0, at) + *domain};
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
  ports::Recipient recipient{target->id, std::move(target->address), std::move(path->address)};
  state_.transaction->add(std::move(recipient));
  reply({250, "2.1.5", "recipient ok"});
}

Task<void> Session::data() {
  reply({354, "", "end data with <CR><LF>.<CR><LF>"});
  MessageReceiver receiver(state_.mode, services_.delivery.begin_message(),
                           services_.delivery.message_bytes_max());
  const bool arrived = co_await receive(receiver);
  if (!arrived) {
    ended_ = true;  // the client vanished: nothing is delivered
    co_return;
  }
  Transaction transaction = std::move(*state_.transaction);
  state_.reset();
  if (receiver.refusal()) {
    refuse_message(transaction, *receiver.refusal());
  } else {
    co_await deliver(std::move(transaction), receiver.take_message());
  }
}

/// Reads to the end of data. False: the client finished before it.
Task<bool> Session::receive(MessageReceiver& receiver) {
  auto& input = channel_.input();
  input.reserve(data_buffer_bytes);
  for (;;) {
    const auto fed = receiver.feed(input.buffered());
    input.consume(fed.consumed);
    if (fed.finished) break;
    const bool more = co_await channel_.fill(settings_.data_timeout);
    if (!more) co_return false;
  }
  co_return true;
}

Task<void> Session::deliver(Transaction transaction, std::unique_ptr<ports::Spool> message) {
  const std::string id = draw_message_id(services_.random);
  const std::uint64_t bytes = message->size();
  auto incoming_message = incoming(transaction, std::move(message), id);
  const std::size_t recipients = incoming_message.recipients.size();
  if (state_.mode == Mode::lmtp) {
    const auto results = co_await services_.delivery.deliver_each(std::move(incoming_message));
    lmtp::append_replies(channel_.output(), transaction.accepted_recipients(), results, id);
    co_return;
  }
  const auto result = co_await services_.delivery.deliver(std::move(incoming_message));
  if (!result) {
    log(Level::warn, "smtp.not_delivered",
        {{"id", id},
         {"peer", stream_.peer_address()},
         {"error", name_of(result.error().code)},
         {"text", result.error().text}});
    reply(message_refused(result.error()));
    co_return;
  }
  if (log_enabled(Level::info)) {
    log(Level::info, "smtp.delivered",
        {{"id", id},
         {"peer", stream_.peer_address()},
         {"sender", transaction.sender()},
         {"recipients", recipients},
         {"bytes", bytes}});
  }
  reply({250, "2.0.0", fmt::format("message {} is stored", id)});
}

ports::Incoming Session::incoming(Transaction& transaction, std::unique_ptr<ports::Spool> message,
                                  const std::string& id) {
  Trace trace;
  trace.mode = state_.mode;
  trace.client_name = state_.client_name;
  trace.extended = state_.extended;
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
  return {transaction.sender(), std::move(transaction.recipients()), format_received(trace),
          std::move(message)};
}

void Session::refuse_message(const Transaction& transaction, const Reply& refusal) {
  // RFC 2033, section 4.2: LMTP answers once per recipient, whatever the answer.
  const std::size_t replies = state_.mode == Mode::lmtp ? transaction.accepted() : 1;
  for (std::size_t i = 0; i < replies; ++i) reply(refusal);
}

}  // namespace gridmail::smtp
