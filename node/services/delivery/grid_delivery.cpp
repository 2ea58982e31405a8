#include "node/services/delivery/grid_delivery.hpp"

#include <algorithm>

#include "node/base/log.hpp"
#include "node/base/metrics.hpp"
#include "node/runtime/parallel.hpp"
#include "node/services/delivery/delivery_transaction.hpp"
#include "protocols/mime/parser.hpp"
#include "protocols/mime/structure_codec.hpp"

namespace gridmail {
namespace {

constexpr std::string_view deliveries_help = "Recipients whose message went this way.";
metrics::Outcomes to_mailbox{"delivery_recipients_total", deliveries_help, "way=\"mailbox\""};
metrics::Outcomes to_queue{"delivery_recipients_total", deliveries_help, "way=\"queue\""};
metrics::Outcomes to_intake{"delivery_recipients_total", deliveries_help, "way=\"intake\""};

constexpr std::size_t deliveries_at_once_max = 16;
/// Messages in one piece of memory while they are parsed.
constexpr std::uint64_t parse_bytes_in_memory_max = 128ULL << 20;
/// RFC 5322, section 2.1.1: of a line. Nobody looks for a longer one.
constexpr std::size_t message_id_bytes_max = 998;
/// The slot's client needs 1 s to see that nobody is there; with this SMTP waits 1.5 s at most where no other
/// node lives.
constexpr Duration intake_silent_max = std::chrono::milliseconds(500);
/// On top of it for long messages: what a slow disk and network need for the bytes.
constexpr std::uint64_t intake_bytes_per_second = 10 << 20;

// What SMTP parsed is stored as it is.
static_assert(static_cast<int>(ports::Returned::full) == queue::Message::FULL &&
              static_cast<int>(ports::Returned::headers) == queue::Message::HEADERS);
static_assert(ports::Notify::never == queue::NOTIFY_NEVER &&
              ports::Notify::success == queue::NOTIFY_SUCCESS &&
              ports::Notify::failure == queue::NOTIFY_FAILURE && ports::Notify::delay == queue::NOTIFY_DELAY);

/// The port's contract: permanent only where the message itself is at fault. The recipients were accepted
/// before.
Result<void> as_promised(Result<void> outcome) {
  if (outcome || outcome.error().temporary()) return outcome;
  const auto code = outcome.error().code;
  if (code == Errc::too_large || code == Errc::invalid) return outcome;
  log(Level::error, "delivery.failed", {{"code", name_of(code)}, {"error", outcome.error().text}});
  return fail(Errc::unavailable, outcome.error().text);
}

/// In the queue, and in the intake until it can be there: what is promised must find room.
bool fit_an_entry(const std::vector<queue::Recipient>& recipients) {
  std::size_t bytes = 0;
  for (const auto& recipient : recipients) bytes += recipient.ByteSizeLong();
  return recipients.size() <= queue_recipients_max && bytes <= queue_recipient_bytes_max;
}

bool is_told_of_success(const queue::Recipient& recipient) {
  return (recipient.notify() & queue::NOTIFY_SUCCESS) != 0;
}

/// In one line.
std::string unfolded(const std::string& field) {
  std::string line;
  for (const char c : field) {
    if (c == '\r' || c == '\n') continue;
    line.push_back(c == '\t' ? ' ' : c);
  }
  return line;
}

}  // namespace

Bytes delivery_prefix(const std::string& sender, const std::string& fields) {
  return "Return-Path: <" + sender + ">\r\n" + fields;
}

GridDelivery::GridDelivery(Ports ports, Settings settings)
    : ports_(std::move(ports)), settings_(settings), parse_bytes_(parse_bytes_in_memory_max) {}

Task<void> GridDelivery::stop() {
  tasks_.cancel();
  co_await tasks_.join();
}

Task<Result<void>> GridDelivery::deliver(ports::Incoming message) {
  const auto begun = co_await begin(std::move(message), Answers::one);
  if (!begun) co_return tl::unexpected(begun.error());
  const auto& transaction = *begun;
  if (is_for_queue(*transaction)) {
    const auto outcome = co_await enqueue(transaction);
    if (outcome) note_looping(*transaction);
    co_return outcome;
  }
  co_await run(transaction);
  if (is_kept_from_all(*transaction)) {
    note_turned_away(*transaction);
  } else {
    co_await take_in_missed(transaction);
  }
  for (const auto& outcome : transaction->outcomes) {
    if (!outcome) co_return outcome;
  }
  co_return Result<void>{};
}

Task<std::vector<Result<void>>> GridDelivery::deliver_each(ports::Incoming message) {
  const auto count = message.recipients.size();
  const auto begun = co_await begin(std::move(message), Answers::each);
  if (!begun) co_return std::vector<Result<void>>(count, tl::unexpected(begun.error()));
  const auto& transaction = *begun;
  if (is_for_queue(*transaction)) {
    const auto outcome = co_await enqueue(transaction);
    transaction->outcomes.assign(count - transaction->looping.size(), outcome);
  } else {
    co_await run(transaction);
    note_turned_away(*transaction);
    co_await take_in_missed(transaction);
  }
  note_looping(*transaction);
  auto outcomes = std::move(transaction->outcomes);
  const Result<void> denied = fail(Errc::denied, "a mail loop");
  for (const auto& [place, recipient] : transaction->looping)
    outcomes.insert(outcomes.begin() + static_cast<std::ptrdiff_t>(place), denied);
  co_return outcomes;
}

/// One answer is for all: after a refusal all are sent to again. Where some have the message by then, that
/// would be twice, so those whose slots are only slow count as missed.
bool GridDelivery::is_kept_from_all(Transaction& transaction) {
  auto& outcomes = transaction.outcomes;
  const bool some_have_it =
      std::any_of(outcomes.begin(), outcomes.end(), [](const auto& outcome) { return outcome.has_value(); });
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i] || transaction.missed[i] != 0) continue;
    if (!some_have_it || !outcomes[i].error().temporary()) return true;
    transaction.missed[i] = 1;
  }
  return false;
}

void GridDelivery::note_looping(const Transaction& transaction) {
  for (const auto& [place, recipient] : transaction.looping) {
    const auto& id = transaction.message.trace();
    log(Level::info, "delivery.loop", {{"id", id}, {"to", recipient.address()}});
    trace::Event event;
    event.set_what(trace::Event::REFUSED);
    event.set_id(id);
    event.set_sender(transaction.message.sender());
    event.add_recipients(recipient.address());
    event.set_detail(recipient.outcome().reply());
    ports_.trace.note(std::move(event));
  }
}

void GridDelivery::note_turned_away(const Transaction& transaction) {
  for (std::size_t i = 0; i < transaction.outcomes.size(); ++i) {
    if (!transaction.outcomes[i] && transaction.missed[i] == 0)
      note(transaction, trace::Event::TURNED_AWAY, transaction.outcomes[i]);
  }
}

Task<Result<GridDelivery::TransactionPtr>> GridDelivery::begin(ports::Incoming message, Answers answers) {
  const auto transaction = std::make_shared<Transaction>();
  transaction->spool = std::move(message.message);
  transaction->body = dynamic_cast<const MessageBody*>(transaction->spool.get());
  GRIDMAIL_ASSERT(transaction->body != nullptr);
  if (message.recipients.empty()) co_return fail(Errc::invalid, "a message without recipients");
  if (message.binary) {
    if (auto made = co_await make_lines(transaction); !made) co_return tl::unexpected(made.error());
  }
  if (transaction->body->size() > settings_.message_bytes_max)
    co_return fail(Errc::too_large, "a message over the limit");

  auto& envelope = transaction->message;
  if (auto added = co_await add_recipients(transaction, message); !added)
    co_return tl::unexpected(added.error());
  const bool has_loop = answers == Answers::one && !transaction->looping.empty();
  // What shows a loop is easily forged, and so is the sender of what comes from the world: nobody is told.
  if (has_loop && !message.submitted) co_return fail(Errc::denied, "a mail loop");
  if (transaction->leaves()) {
    if (auto made = co_await make_lines_for_others(transaction, message); !made)
      co_return tl::unexpected(made.error());
  }
  if (has_loop) {  // who is left takes it; of the others the sender is told
    for (const auto& [place, recipient] : transaction->looping) transaction->recipients.push_back(recipient);
  }
  const auto& body = *transaction->body;
  const auto forwarded = co_await forwarded_by(transaction, message);
  if (!forwarded) co_return tl::unexpected(forwarded.error());
  const auto signatures = co_await signature(*transaction, message);
  if (!signatures) co_return tl::unexpected(signatures.error());
  const auto prefix = delivery_prefix(message.sender, *forwarded + *signatures + message.trace_header);
  auto parsed = co_await parse(prefix, body);
  if (!parsed) co_return tl::unexpected(parsed.error());
  envelope.set_sender(message.sender);
  envelope.set_prefix(prefix);
  envelope.set_structure(std::move(parsed->structure));
  envelope.set_body_size(body.size());
  envelope.set_accepted(ports_.clock.wall());
  envelope.set_returned(static_cast<queue::Message::Returned>(message.returned));
  envelope.set_envelope_id(message.envelope_id);
  envelope.set_utf8(message.utf8);
  envelope.set_tls(static_cast<queue::Message::Tls>(message.tls));
  envelope.set_trace(message.id);
  if (parsed->message_id.size() <= message_id_bytes_max) envelope.set_message_id(parsed->message_id);
  if (!fit_an_entry(transaction->recipients))
    co_return fail(Errc::too_large, "more recipients than a message may have");
  transaction->outcomes.resize(transaction->recipients.size());
  transaction->missed.resize(transaction->recipients.size());
  begin_received(*transaction, message, std::move(parsed->message_id));
  co_return transaction;
}

/// More recipients than one event names are noted at once.
void GridDelivery::begin_received(Transaction& transaction, const ports::Incoming& message,
                                  std::string message_id) {
  auto& event = transaction.received;
  event.set_what(trace::Event::RECEIVED);
  event.set_at(transaction.message.accepted());
  event.set_id(message.id);
  event.set_connection(message.connection);
  event.set_message_id(std::move(message_id));
  event.set_sender(message.sender);
  event.set_detail(unfolded(message.trace_header));
  for (const auto& recipient : transaction.recipients) {
    if (event.recipients_size() == traced_recipients_max) {
      ports_.trace.note(event);
      event.clear_recipients();
    }
    event.add_recipients(recipient.address());
  }
}

/// What a failed outcome means is that the client was turned away.
void GridDelivery::note(const Transaction& transaction, trace::Event::What what, const Result<void>& outcome,
                        const std::string& entry) {
  trace::Event event;
  event.set_what(outcome ? what : trace::Event::TURNED_AWAY);
  event.set_id(transaction.message.trace());
  event.set_entry(entry);
  if (outcome && log_enabled(Level::info))
    log(Level::info, "intake.taken_in", {{"id", transaction.message.trace()}, {"entry", entry}});
  if (!outcome) event.set_detail(outcome.error().text);
  ports_.trace.note(std::move(event));
}

/// Of what leaves the grid. It is made once, here: further attempts, and other nodes, send the same bytes.
Task<Result<std::string>> GridDelivery::signature(const Transaction& transaction,
                                                  const ports::Incoming& message) {
  if (!transaction.leaves() || !message.submitted || ports_.signer == nullptr) co_return std::string();
  auto fields = co_await ports_.signer->sign(message.trace_header, *transaction.body);
  if (!fields && !fields.error().temporary())
    co_return fail(Errc::unavailable, "not signed: " + fields.error().text);
  co_return fields;
}

/// What goes elsewhere waits there for as long as it takes; all of the transaction is then one entry. So is
/// mail whose sender is to be told of its delivery: the entry owes the notification.
bool GridDelivery::is_for_queue(const Transaction& transaction) const {
  const auto& recipients = transaction.recipients;
  return transaction.is_expanded || recipients.size() > settings_.direct_recipients_max ||
         std::any_of(recipients.begin(), recipients.end(), [](const auto& recipient) {
           return recipient.user().empty() || is_told_of_success(recipient);
         });
}

/// The parser wants the message in one piece, with what stands in front of it.
Task<Result<GridDelivery::Parsed>> GridDelivery::parse(const Bytes& prefix, const MessageBody& body) {
  const auto share = co_await parse_bytes_.take(2 * body.size());
  const auto bytes = body.read(0, static_cast<std::size_t>(body.size()));
  if (!bytes) co_return tl::unexpected(bytes.error());
  if (ports_.workers == nullptr || body.size() <= looked_through_here_bytes_max)
    co_return parse_whole(prefix, *bytes);
  co_return co_await ports_.workers->run([&prefix, &bytes] { return parse_whole(prefix, *bytes); });
}

GridDelivery::Parsed GridDelivery::parse_whole(const Bytes& prefix, const Bytes& body) {
  Bytes whole;
  whole.reserve(prefix.size() + body.size());
  whole.append(prefix).append(body);
  const auto structure = mime::parse(whole);
  return {mime::encode(structure), structure.message().envelope.message_id.value_or("")};
}

Task<void> GridDelivery::run(TransactionPtr transaction) {
  ports_.trace.note(transaction->received);
  if (transaction->recipients.size() == 1) co_return co_await deliver_one(transaction, 0);
  const auto step = [this, transaction](std::size_t index) { return deliver_one(transaction, index); };
  co_await run_parallel(tasks_, "deliver", transaction->recipients.size(), deliveries_at_once_max, step);
}

Task<void> GridDelivery::deliver_one(TransactionPtr transaction, std::size_t index) {
  const auto begun = ports_.clock.now();
  const auto options = slot_options();
  auto outcome = co_await ports_.users.deliver(transaction->message, transaction->recipients[index],
                                               *transaction->body, options);
  transaction->missed[index] = slot_was_unavailable(outcome, begun) ? 1 : 0;
  if (transaction->missed[index] == 0) to_mailbox.count(outcome);
  transaction->outcomes[index] = as_promised(std::move(outcome));
}

/// All together in one record.
Task<void> GridDelivery::take_in_missed(TransactionPtr transaction) {
  std::vector<queue::Recipient> recipients;
  for (std::size_t i = 0; i < transaction->missed.size(); ++i) {
    if (transaction->missed[i] != 0) recipients.push_back(transaction->recipients[i]);
  }
  if (recipients.empty()) co_return;
  const auto taken = co_await ports_.intake.accept(transaction->message, std::move(recipients), std::nullopt,
                                                   *transaction->body, patience_for(*transaction));
  note(*transaction, trace::Event::TAKEN_IN, taken);
  for (std::size_t i = 0; i < transaction->missed.size(); ++i) {
    if (transaction->missed[i] == 0) continue;
    to_intake.count(taken);
    transaction->outcomes[i] = taken;
  }
}

Task<Result<void>> GridDelivery::enqueue(TransactionPtr transaction) {
  auto entry = draw_id<QueueEntryId>(ports_.random);
  if (ports_.placement != nullptr) entry = co_await ports_.placement->draw(transaction->recipients);
  const auto begun = ports_.clock.now();
  const auto submitted = co_await submit(transaction, entry);
  if (!slot_was_unavailable(submitted, begun)) {
    to_queue.count(submitted, transaction->recipients.size());
    if (!submitted) note(*transaction, trace::Event::TURNED_AWAY, submitted, entry.hex());
    co_return as_promised(submitted);
  }
  const auto taken = co_await ports_.intake.accept(transaction->message, transaction->recipients, entry,
                                                   *transaction->body, patience_for(*transaction));
  to_intake.count(taken, transaction->recipients.size());
  note(*transaction, trace::Event::TAKEN_IN, taken, entry.hex());
  co_return taken;
}

/// That it was received is noted whatever comes of it; that it was also queued, in the same event.
Task<Result<void>> GridDelivery::submit(TransactionPtr transaction, QueueEntryId entry) {
  auto& received = transaction->received;
  const auto options = slot_options();
  Result<void> submitted;
  try {
    submitted = co_await ports_.queue.submit(entry, transaction->message, transaction->recipients,
                                             *transaction->body, options);
  } catch (...) {  // cancelled: it may have come into the queue
    ports_.trace.note(received);
    throw;
  }
  if (submitted) {
    received.set_entry(entry.hex());
    received.set_queued_at(ports_.clock.wall());
    if (log_enabled(Level::info))
      log(Level::info, "queue.added", {{"id", transaction->message.trace()}, {"entry", received.entry()}});
  }
  ports_.trace.note(std::move(received));
  co_return submitted;
}

SlotClient::Options GridDelivery::slot_options() const {
  SlotClient::Options options;
  options.wait_max = settings_.slot_wait_max;
  options.only_if_alive = true;
  return options;
}

/// A slot whose nodes give no sign of life is given up early; one that used all its time is alive and slow,
/// and intake must not multiply overload (design, section 3, intake).
bool GridDelivery::slot_was_unavailable(const Result<void>& outcome, TimePoint begun) const {
  return !outcome && outcome.error().code == Errc::unavailable &&
         ports_.clock.now() < begun + settings_.slot_wait_max;
}

/// Another node that lives and is slow is waited for as a slot would be: mail is taken in while any two can
/// talk (design, section 2).
IntakePatience GridDelivery::patience_for(const Transaction& transaction) const {
  const auto now = ports_.clock.now();
  const auto for_bytes = std::chrono::milliseconds(transaction.body->size() * 1000 / intake_bytes_per_second);
  return {now + intake_silent_max + for_bytes, now + settings_.slot_wait_max + for_bytes};
}

}  // namespace gridmail
