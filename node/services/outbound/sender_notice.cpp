#include "node/services/outbound/sender_notice.hpp"

#include "protocols/mime/parser.hpp"
#include "protocols/mime/structure_codec.hpp"
#include "protocols/smtp_client/delivery_report.hpp"

namespace gridmail {
namespace {

/// RFC 5321, section 4.5.5: the null sender, so that no notification is ever about another.
constexpr const char* prefix = "Return-Path: <>\r\n";

smtp::DeliveryReport::Action action_of(queue::Report::Kind kind) {
  using Action = smtp::DeliveryReport::Action;
  switch (kind) {
    case queue::Report::FAILED:
      return Action::failed;
    case queue::Report::DELAYED:
      return Action::delayed;
    case queue::Report::RELAYED:
      return Action::relayed;
    default:
      return Action::delivered;
  }
}

std::string text_of(const RemoteDelivery::Reporting& what, const std::string& hostname) {
  smtp::DeliveryReport report;
  report.action = action_of(what.report.kind());
  report.hostname = hostname;
  report.sender = what.message.sender();
  report.id = to_hex(what.report.guid());
  report.envelope_id = what.message.envelope_id();
  report.at = what.report.at();
  report.arrived = what.message.accepted();
  report.retry_until = what.report.retry_until();
  for (const auto& row : what.report.recipients())
    report.recipients.push_back({row.address(), row.original(), row.status(), row.reply(), row.host()});
  report.original = what.original;
  report.whole = what.whole;
  report.utf8 = what.message.utf8();
  return smtp::format_delivery_report(report);
}

}  // namespace

Task<Result<void>> SenderNotice::tell(std::shared_ptr<const RemoteDelivery::Reporting> what) {
  auto done = co_await deliver(what);
  if (done) note_told(*what);
  co_return done;
}

void SenderNotice::note_told(const RemoteDelivery::Reporting& what) {
  trace::Event event;
  event.set_what(trace::Event::TOLD);
  event.set_id(what.message.trace());
  for (const auto& row : what.report.recipients()) event.add_recipients(row.address());
  event.set_sender(what.message.sender());
  event.set_detail("notification " + to_hex(what.report.guid()) + " to <" + what.message.sender() + ">");
  ports_.trace.note(std::move(event));
}

Task<Result<void>> SenderNotice::deliver(std::shared_ptr<const RemoteDelivery::Reporting> what) {
  const auto guid = Guid::from_bytes(what->report.guid());
  if (!guid) co_return fail(Errc::corrupted, "a report without a GUID");
  auto text = text_of(*what, ports_.hostname);
  queue::Message message;
  message.set_prefix(prefix);
  const auto parsed = mime::parse(prefix + text);
  message.set_structure(mime::encode(parsed));
  message.set_message_id(parsed.message().envelope.message_id.value_or(""));
  message.set_body_size(text.size());
  // RFC 6533: who sent with SMTPUTF8 can be told so.
  message.set_utf8(what->message.utf8());
  message.set_accepted(what->report.at());
  message.set_trace(guid->hex());
  const MemoryBody body(std::move(text));
  queue::Recipient recipient;
  recipient.set_address(what->message.sender());

  const auto target = co_await ports_.directory.resolve(what->message.sender());
  if (target && target->expands && ports_.search != nullptr) {
    auto recipients = co_await expand(target->address, *guid);
    if (!recipients) co_return tl::unexpected(recipients.error());
    co_return co_await enqueue(*guid, std::move(message), std::move(*recipients), body);
  }
  if (target && !target->id.is_nil()) {
    recipient.set_user(target->id.bytes());
    recipient.set_guid(guid->bytes());
    co_return co_await ports_.users.deliver(message, recipient, body, patient_delivery());
  }
  const bool is_elsewhere =
      target || (target.error().code == Errc::not_found && target.error().text == "relay");
  if (!is_elsewhere) co_return tl::unexpected(target.error());
  if (target) recipient.set_address(target->address);
  std::vector<queue::Recipient> elsewhere(1, recipient);
  co_return co_await enqueue(*guid, std::move(message), std::move(elsewhere), body);
}

Task<Result<void>> SenderNotice::enqueue(Guid guid, queue::Message message,
                                         std::vector<queue::Recipient> recipients, const MessageBody& body) {
  if (ports_.signer != nullptr) {
    const auto signatures = co_await ports_.signer->sign({}, body);
    if (!signatures) co_return tl::unexpected(Error{Errc::unavailable, signatures.error().text});
    message.set_prefix(prefix + *signatures);
    const auto text = body.read(0, static_cast<std::size_t>(body.size()));
    message.set_structure(mime::encode(mime::parse(message.prefix() + *text)));
  }
  const auto options = patient_delivery();
  co_return co_await ports_.queue.submit(*QueueEntryId::from_bytes(guid.view()), message, recipients, body,
                                         options);
}

/// Their GUIDs follow from the report's, so that a repeated call gives nobody a second copy.
Task<Result<std::vector<queue::Recipient>>> SenderNotice::expand(std::string address, Guid guid) const {
  const auto targets = co_await ports_.search->expand(std::move(address));
  if (!targets) co_return tl::unexpected(targets.error());
  std::vector<queue::Recipient> recipients;
  for (const auto& target : *targets) {
    auto& recipient = recipients.emplace_back();
    recipient.set_address(target.address);
    if (target.id.is_nil()) continue;
    recipient.set_user(target.id.bytes());
    recipient.set_guid(blake2b(guid.bytes() + target.id.bytes(), sizeof(Guid)));
  }
  co_return recipients;
}

}  // namespace gridmail
