#include "storage/queue/queue_service.hpp"

#include <algorithm>
#include <vector>

#include "node/base/log.hpp"
#include "node/runtime/parallel.hpp"

namespace gridmail {
namespace {

/// Bodies in memory while their entries are handed out, all slots together.
constexpr std::uint64_t body_bytes_in_memory_max = 128ULL << 20;
constexpr int listed_recipients_max = 100;
constexpr Duration due_looked_at_every = std::chrono::minutes(10);

}  // namespace

QueueService::QueueService(Ports ports)
    : ports_(std::move(ports)),
      sender_({ports_.executor, ports_.clock, ports_.random, ports_.remote, ports_.queue, ports_.trace,
               ports_.rules, ports_.egress}),
      body_bytes_(body_bytes_in_memory_max) {}

void QueueService::start() {
  tasks_.spawn(ports_.executor, "look_now_and_then", look_now_and_then());
}

Task<void> QueueService::stop() {
  tasks_.cancel();
  co_await tasks_.join();
  co_await sender_.stop();
}

void QueueService::opened(SlotAccessPtr slot) {
  const auto state = open_slot(slot);
  set_to_work(state);
  sender_.opened(state->queue);
}

void QueueService::closed(SlotId slot) {
  OpenSlotPtr state;
  {
    const std::lock_guard lock(guard_);
    const auto found = open_.find(slot);
    if (found == open_.end()) return;
    state = std::move(found->second);
    open_.erase(found);
  }
  state->wake->set();  // its worker finds that it may not answer, and ends
  sender_.closed(slot);
}

QueueService::OpenSlotPtr QueueService::open_slot(const SlotAccessPtr& slot) {
  const std::lock_guard lock(guard_);
  auto& state = open_[slot->slot()];
  if (state && state->queue->access == slot) return state;
  // A late request of an earlier epoch can commit nothing, and must not displace what serves the present one.
  if (state && state->queue->access->epoch() > slot->epoch())
    return std::make_shared<OpenSlot>(slot, ports_.clock);
  state = std::make_shared<OpenSlot>(slot, ports_.clock);
  return state;
}

Task<Result<Bytes>> QueueService::handle(SlotAccessPtr slot, NodeId from, Bytes request) {
  const auto wanted = std::make_shared<queue::Request>();
  if (!wanted->ParseFromString(request)) co_return fail(Errc::invalid, "not a request to the queue");
  const auto state = open_slot(slot);
  if (wanted->has_list()) co_return co_await list(state);
  if (wanted->has_fetch()) co_return co_await sender_.fetch(state->queue, from, wanted);
  if (wanted->has_finish()) co_return co_await sender_.finish(state->queue, from, wanted);
  auto write = write_of(wanted);
  if (!write) co_return tl::unexpected(write.error());
  if (const auto done = co_await state->queue->change(std::move(*write)); !done)
    co_return tl::unexpected(done.error());
  if (wanted->has_remove()) state->troubles.erase(*QueueEntryId::from_bytes(wanted->remove().entry()));
  if (wanted->has_submit()) {
    set_to_work(state);
    sender_.look_at(state->queue, *QueueEntryId::from_bytes(wanted->submit().entry()));
  } else if (!wanted->has_stage_chunk()) {
    set_to_work(state);
    sender_.look(state->queue);
  }
  co_return Bytes();
}

Result<QueueSlot::Write> QueueService::write_of(std::shared_ptr<const queue::Request> request) {
  using Change = QueueChange;
  const auto named = [](const Bytes& entry) { return QueueEntryId::from_bytes(entry); };
  std::optional<QueueEntryId> id;
  switch (request->what_case()) {
    case queue::Request::kStageChunk:
      return [request](Change& change) { return change.stage(request->stage_chunk()); };
    case queue::Request::kSubmit:
      return [request](Change& change) { return change.submit(request->submit()); };
    case queue::Request::kRetry:
      if ((id = named(request->retry().entry())))
        return [id = *id](Change& change) { return change.retry_now(id); };
      break;
    case queue::Request::kRemove:
      if ((id = named(request->remove().entry())))
        return [id = *id](Change& change) { return change.remove_entry(id); };
      break;
    case queue::Request::kHold:
      if ((id = named(request->hold().entry())))
        return [id = *id, held = request->hold().held()](Change& change) { return change.hold(id, held); };
      break;
    case queue::Request::kSettle:
      if ((id = named(request->settle().entry())))
        return [id = *id, request, rules = ports_.rules, chance = ports_.random.unit()](Change& change) {
          const auto& settle = request->settle();
          return change.settle_parcel(id, settle.parcel(),
                                      {settle.outcomes().begin(), settle.outcomes().end()}, rules, chance,
                                      std::make_shared<std::vector<std::string>>());
        };
      break;
    default:
      return fail(Errc::unsupported, "an unknown request to the queue");
  }
  return fail(Errc::invalid, "a queue entry's id has 16 bytes");
}

Task<Result<Bytes>> QueueService::list(OpenSlotPtr slot) {
  const auto snapshot = slot->queue->access->snapshot();
  queue::Listing listing;
  Bytes first = slot->queue->keys.entries();
  const Bytes last = prefix_end(first);
  for (bool more = true; more;) {
    const auto page = co_await snapshot->scan(Family::meta, first, last, 64, 1 << 20);
    if (!page) co_return tl::unexpected(page.error());
    for (const auto& pair : page->pairs) {
      const auto entry = decode_record<queue::Entry>(pair.value);
      if (!entry) co_return tl::unexpected(entry.error());
      auto summarized =
          co_await summarize(slot, snapshot, QueueKeys::id_in(pair.key), *entry, listing.add_entries());
      if (!summarized) co_return tl::unexpected(summarized.error());
    }
    more = page->more && !page->pairs.empty();
    if (more) first = page->pairs.back().key + '\0';
  }
  if (const auto may = slot->queue->access->may_answer(); !may) co_return tl::unexpected(may.error());
  co_return listing.SerializeAsString();
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

void QueueService::set_to_work(const OpenSlotPtr& slot) {
  slot->more = true;
  if (slot->working) {
    slot->wake->set();
    return;
  }
  slot->working = true;
  tasks_.spawn(slot->queue->access->executor(), "slot." + std::to_string(slot->queue->access->slot()),
               work(slot));
}

Task<void> QueueService::look_now_and_then() {
  for (;;) {
    co_await sleep_for(ports_.clock, due_looked_at_every);
    std::vector<OpenSlotPtr> slots;
    {
      const std::lock_guard lock(guard_);
      for (const auto& [id, slot] : open_) slots.push_back(slot);
    }
    for (const auto& slot : slots) {
      asio::post(slot->queue->access->executor(), [this, slot] { set_to_work(slot); });
    }
  }
}

}  // namespace gridmail
