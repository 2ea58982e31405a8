// The part of QueueService for people: what waits, and what is done with all of a choice.
#include <algorithm>

#include "storage/queue/queue_service.hpp"

namespace gridmail {
namespace {

constexpr int listed_recipients_max = 100;
constexpr std::uint32_t listed_max = 1000;
/// In one request; who asks goes on from there.
constexpr std::size_t looked_at_max = 2000;
constexpr std::uint32_t acted_on_max = 64;
constexpr std::size_t entries_per_page = 64;

bool is_same(BytesView one, BytesView other) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [&](char a, char b) { return lower(a) == lower(b); });
}

Bytes first_after(const QueueKeys& keys, const Bytes& after) {
  const auto id = QueueEntryId::from_bytes(after);
  return id ? keys.entry(*id) + '\0' : keys.entries();
}

}  // namespace

Task<Result<bool>> QueueService::is_chosen(OpenSlotPtr slot, std::shared_ptr<const Snapshot> snapshot,
                                           std::shared_ptr<const queue::Choice> choice, KeyValue pair) {
  const auto entry = decode_record<queue::Entry>(pair.value);
  if (!entry) co_return tl::unexpected(entry.error());
  const Bytes sender = entry->message().sender().empty() ? "<>" : entry->message().sender();
  if (!choice->sender().empty() && !is_same(sender, choice->sender())) co_return false;
  if (choice->destination().empty()) co_return true;
  const auto id = QueueKeys::id_in(pair.key);
  const auto& keys = slot->queue->keys;
  const auto parcels = keys.parcels_of(id), recipients = keys.recipients_of(id);
  const auto away = co_await snapshot->scan(Family::meta, parcels, prefix_end(parcels), SIZE_MAX, SIZE_MAX);
  if (!away) co_return tl::unexpected(away.error());
  for (const auto& row : away->pairs) {
    const auto parcel = decode_record<queue::Parcel>(row.value);
    if (parcel && is_same(parcel->destination(), choice->destination())) co_return true;
  }
  const auto here =
      co_await snapshot->scan(Family::meta, recipients, prefix_end(recipients), SIZE_MAX, SIZE_MAX);
  if (!here) co_return tl::unexpected(here.error());
  co_return std::any_of(here->pairs.begin(), here->pairs.end(), [&](const auto& row) {
    const auto recipient = decode_record<queue::Recipient>(row.value);
    if (!recipient) return false;
    const BytesView address = recipient->address();
    return is_same(address.substr(address.rfind('@') + 1), choice->destination());
  });
}

/// Entries of the choice, at most so many; `last` is where more are to be looked for.
Task<Result<std::vector<KeyValue>>> QueueService::choose(OpenSlotPtr slot,
                                                         std::shared_ptr<const Snapshot> snapshot,
                                                         std::shared_ptr<const Chosen> what, Bytes* last) {
  std::vector<KeyValue> chosen;
  Bytes first = first_after(slot->queue->keys, what->after);
  const Bytes end = prefix_end(slot->queue->keys.entries());
  std::size_t looked_at = 0;
  for (bool more = true; more;) {
    const auto page = co_await snapshot->scan(Family::meta, first, end, entries_per_page, 1 << 20);
    if (!page) co_return tl::unexpected(page.error());
    for (const auto& pair : page->pairs) {
      const auto meant = co_await is_chosen(slot, snapshot, what->choice, pair);
      if (!meant) co_return tl::unexpected(meant.error());
      if (*meant) chosen.push_back(pair);
      if (chosen.size() < what->limit && ++looked_at < looked_at_max) continue;
      *last = QueueKeys::id_in(pair.key).bytes();
      co_return chosen;
    }
    more = page->more && !page->pairs.empty();
    if (more) first = page->pairs.back().key + '\0';
  }
  co_return chosen;
}

Task<Result<Bytes>> QueueService::list(OpenSlotPtr slot, std::shared_ptr<const queue::Request> request) {
  const auto& asked = request->list();
  const auto snapshot = slot->queue->access->snapshot();
  const auto limit = asked.limit() == 0 ? listed_max : std::min(asked.limit(), listed_max);
  const auto what = std::make_shared<const Chosen>(std::make_shared<const queue::Choice>(asked.choice()),
                                                   asked.after(), limit);
  queue::Listing listing;
  const auto chosen = co_await choose(slot, snapshot, what, listing.mutable_last());
  if (!chosen) co_return tl::unexpected(chosen.error());
  for (const auto& pair : *chosen) {
    const auto entry = decode_record<queue::Entry>(pair.value);
    if (!entry) co_return tl::unexpected(entry.error());
    auto summarized =
        co_await summarize(slot, snapshot, QueueKeys::id_in(pair.key), *entry, listing.add_entries());
    if (!summarized) co_return tl::unexpected(summarized.error());
  }
  if (const auto may = slot->queue->access->may_answer(); !may) co_return tl::unexpected(may.error());
  co_return listing.SerializeAsString();
}

Task<Result<Bytes>> QueueService::act(OpenSlotPtr slot, std::shared_ptr<const queue::Request> request) {
  const auto& asked = request->act();
  const auto what = std::make_shared<const Chosen>(std::make_shared<const queue::Choice>(asked.choice()),
                                                   asked.after(), acted_on_max);
  queue::Acted acted;
  const auto chosen = co_await choose(slot, slot->queue->access->snapshot(), what, acted.mutable_last());
  if (!chosen) co_return tl::unexpected(chosen.error());
  for (const auto& pair : *chosen) {
    const auto id = QueueKeys::id_in(pair.key);
    QueueSlot::Write write = [id, kind = asked.what()](QueueChange& change) {
      if (kind == queue::Act::REMOVE) return change.remove_entry(id);
      if (kind == queue::Act::RETRY) return change.retry_now(id);
      return change.hold(id, kind == queue::Act::HOLD);
    };
    const auto done = co_await slot->queue->change(id, std::move(write));
    if (!done && done.error().code == Errc::not_found) continue;  // it went meanwhile
    if (!done) co_return tl::unexpected(done.error());
    if (asked.what() == queue::Act::REMOVE) {
      slot->troubles.erase(id);
      note_removed(id);
    }
    acted.set_entries(acted.entries() + 1);
  }
  set_to_work(slot);
  sender_.look(slot->queue);
  co_return acted.SerializeAsString();
}

void QueueService::note_removed(QueueEntryId id) {
  trace::Event event;
  event.set_what(trace::Event::REMOVED);
  event.set_entry(id.hex());
  ports_.trace.note(std::move(event));
}

Task<Result<void>> QueueService::summarize(OpenSlotPtr slot, std::shared_ptr<const Snapshot> snapshot,
                                           QueueEntryId id, queue::Entry entry, queue::Summary* summary) {
  const auto first = slot->queue->keys.recipients_of(id);
  const auto left = co_await snapshot->scan(Family::meta, first, prefix_end(first), SIZE_MAX, SIZE_MAX);
  if (!left) co_return tl::unexpected(left.error());
  summary->set_entry(id.bytes());
  summary->set_sender(entry.message().sender());
  summary->set_body_size(entry.message().body_size());
  summary->set_accepted(entry.message().accepted());
  summary->set_recipients(entry.recipients());
  summary->set_held(entry.held());
  summary->set_left(static_cast<std::uint32_t>(left->pairs.size()));
  if (auto added = co_await summarize_parcels(slot, snapshot, id, summary); !added) co_return added;
  for (const auto& pair : left->pairs) {
    if (summary->waiting_size() >= listed_recipients_max) break;
    const auto recipient = decode_record<queue::Recipient>(pair.value);
    if (!recipient) co_return tl::unexpected(recipient.error());
    summary->add_waiting(recipient->address());
  }
  const auto trouble = slot->troubles.find(id);
  if (trouble == slot->troubles.end()) co_return Result<void>{};
  summary->set_attempts(std::max(summary->attempts(), trouble->second.attempts));
  summary->set_last_error(trouble->second.last_error);
  summary->set_next_attempt(slot->next_attempt);
  co_return Result<void>{};
}

/// The soonest attempt, and the last reply of who was tried most often.
Task<Result<void>> QueueService::summarize_parcels(OpenSlotPtr slot, std::shared_ptr<const Snapshot> snapshot,
                                                   QueueEntryId id, queue::Summary* summary) {
  const auto first = slot->queue->keys.parcels_of(id);
  const auto parcels = co_await snapshot->scan(Family::meta, first, prefix_end(first), SIZE_MAX, SIZE_MAX);
  if (!parcels) co_return tl::unexpected(parcels.error());
  for (const auto& pair : parcels->pairs) {
    const auto parcel = decode_record<queue::Parcel>(pair.value);
    if (!parcel) co_return tl::unexpected(parcel.error());
    summary->set_left(summary->left() + static_cast<std::uint32_t>(parcel->recipients_size()));
    summary->set_held(summary->held() || parcel->held());
    for (const auto& recipient : parcel->recipients()) {
      if (summary->waiting_size() < listed_recipients_max) summary->add_waiting(recipient.address());
    }
    if (parcel->attempts() >= summary->attempts() && !parcel->last_reply().empty())
      summary->set_last_error(parcel->last_reply());
    summary->set_attempts(std::max(summary->attempts(), parcel->attempts()));
    const auto next = parcel->attempts() == 0 ? 0 : parcel->next_attempt();
    if (&pair == &parcels->pairs.front() || next < summary->next_attempt()) summary->set_next_attempt(next);
  }
  co_return Result<void>{};
}

}  // namespace gridmail
