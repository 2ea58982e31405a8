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

QueueService::QueueService(asio::any_io_executor executor, Clock& clock, UserDelivery& deliveries)
    : executor_(std::move(executor)),
      clock_(clock),
      deliveries_(deliveries),
      body_bytes_(body_bytes_in_memory_max) {}

void QueueService::start() {
  tasks_.spawn(executor_, "look_now_and_then", look_now_and_then());
}

Task<void> QueueService::stop() {
  tasks_.cancel();
  co_await tasks_.join();
}

void QueueService::opened(SlotAccessPtr slot) {
  const auto state = open_slot(slot);
  set_to_work(state);
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
}

QueueService::OpenSlotPtr QueueService::open_slot(const SlotAccessPtr& slot) {
  const std::lock_guard lock(guard_);
  auto& state = open_[slot->slot()];
  if (state && state->access == slot) return state;
  // A late request of an earlier epoch can commit nothing, and must not displace what serves the present one.
  if (state && state->access->epoch() > slot->epoch()) return std::make_shared<OpenSlot>(slot);
  state = std::make_shared<OpenSlot>(slot);
  return state;
}

Task<Result<Bytes>> QueueService::handle(SlotAccessPtr slot, NodeId from, Bytes request) {
  (void)from;
  const auto wanted = std::make_shared<queue::Request>();
  if (!wanted->ParseFromString(request)) co_return fail(Errc::invalid, "not a request to the queue");
  const auto state = open_slot(slot);
  Write write;
  switch (wanted->what_case()) {
    case queue::Request::kStageChunk:
      write = [wanted](QueueChange& change) { return change.stage(wanted->stage_chunk()); };
      break;
    case queue::Request::kSubmit:
      write = [wanted](QueueChange& change) { return change.submit(wanted->submit()); };
      break;
    case queue::Request::kList:
      co_return co_await list(state);
    case queue::Request::kRetry:
    case queue::Request::kRemove: {
      const bool removes = wanted->has_remove();
      const auto id = QueueEntryId::from_bytes(removes ? wanted->remove().entry() : wanted->retry().entry());
      if (!id) co_return fail(Errc::invalid, "a queue entry's id has 16 bytes");
      write = [id, removes](QueueChange& change) {
        return removes ? change.remove_entry(*id) : change.check_there(*id);
      };
      break;
    }
    case queue::Request::WHAT_NOT_SET:
      co_return fail(Errc::unsupported, "an unknown request to the queue");
  }
  if (const auto done = co_await change(state, std::move(write)); !done)
    co_return tl::unexpected(done.error());
  if (wanted->has_remove()) state->troubles.erase(*QueueEntryId::from_bytes(wanted->remove().entry()));
  if (!wanted->has_stage_chunk()) set_to_work(state);
  co_return Bytes();
}

Task<Result<void>> QueueService::change(OpenSlotPtr slot, Write write) {
  const auto lock = co_await slot->changing.lock();
  OperationBuilder builder(slot->access->snapshot());
  QueueChange change(builder, slot->access->slot(), clock_.wall());
  if (auto written = co_await write(change); !written) co_return written;
  if (builder.bytes() > operation_bytes_max) co_return fail(Errc::too_large, "a queue entry over the limit");
  auto operation = builder.take();
  if (operation.empty()) co_return slot->access->may_answer();
  co_return co_await slot->access->commit(std::move(operation));
}

Task<Result<Bytes>> QueueService::list(OpenSlotPtr slot) {
  const auto snapshot = slot->access->snapshot();
  queue::Listing listing;
  Bytes first = slot->keys.entries();
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
  if (const auto may = slot->access->may_answer(); !may) co_return tl::unexpected(may.error());
  co_return listing.SerializeAsString();
}

Task<Result<void>> QueueService::summarize(OpenSlotPtr slot, std::shared_ptr<const Snapshot> snapshot,
                                           QueueEntryId id, queue::Entry entry, queue::Summary* summary) {
  const auto first = slot->keys.recipients_of(id);
  const auto left = co_await snapshot->scan(Family::meta, first, prefix_end(first), SIZE_MAX, SIZE_MAX);
  if (!left) co_return tl::unexpected(left.error());
  summary->set_entry(id.bytes());
  summary->set_sender(entry.message().sender());
  summary->set_body_size(entry.message().body_size());
  summary->set_accepted(entry.message().accepted());
  summary->set_recipients(entry.recipients());
  summary->set_left(static_cast<std::uint32_t>(left->pairs.size()));
  for (const auto& pair : left->pairs) {
    if (summary->waiting_size() >= listed_recipients_max) break;
    const auto recipient = decode_record<queue::Recipient>(pair.value);
    if (!recipient) co_return tl::unexpected(recipient.error());
    summary->add_waiting(recipient->address());
  }
  const auto trouble = slot->troubles.find(id);
  if (trouble == slot->troubles.end()) co_return Result<void>{};
  summary->set_attempts(trouble->second.attempts);
  summary->set_last_error(trouble->second.last_error);
  summary->set_next_attempt(slot->next_attempt);
  co_return Result<void>{};
}

void QueueService::set_to_work(const OpenSlotPtr& slot) {
  slot->more = true;
  if (slot->working) {
    slot->wake->set();
    return;
  }
  slot->working = true;
  tasks_.spawn(slot->access->executor(), "slot." + std::to_string(slot->access->slot()), work(slot));
}

Task<void> QueueService::look_now_and_then() {
  for (;;) {
    co_await sleep_for(clock_, due_looked_at_every);
    std::vector<OpenSlotPtr> slots;
    {
      const std::lock_guard lock(guard_);
      for (const auto& [id, slot] : open_) slots.push_back(slot);
    }
    for (const auto& slot : slots) {
      asio::post(slot->access->executor(), [this, slot] { set_to_work(slot); });
    }
  }
}

}  // namespace gridmail
