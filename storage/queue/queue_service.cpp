#include "storage/queue/queue_service.hpp"

#include <algorithm>
#include <vector>

#include "node/base/log.hpp"
#include "node/runtime/parallel.hpp"

namespace gridmail {
namespace {

/// Bodies in memory while their entries are handed out, all slots together.
constexpr std::uint64_t body_bytes_in_memory_max = 128ULL << 20;
constexpr Duration due_looked_at_every = std::chrono::minutes(10);
/// What has gone is swept together with what goes in this time: one operation for many entries.
constexpr Duration swept_every = std::chrono::seconds(30);

/// The entry that a change is of; nothing: what is asked for is unknown here.
std::optional<Bytes> entry_in(const queue::Request& request) {
  switch (request.what_case()) {
    case queue::Request::kStageChunk:
      return request.stage_chunk().entry();
    case queue::Request::kSubmit:
      return request.submit().entry();
    case queue::Request::kRetry:
      return request.retry().entry();
    case queue::Request::kRemove:
      return request.remove().entry();
    case queue::Request::kHold:
      return request.hold().entry();
    case queue::Request::kSettle:
      return request.settle().entry();
    default:
      return std::nullopt;
  }
}

}  // namespace

QueueService::QueueService(Ports ports)
    : ports_(std::move(ports)),
      sender_({ports_.executor, ports_.clock, ports_.random, ports_.remote, ports_.queue, ports_.trace,
               ports_.rules, ports_.egress}),
      placement_(ports_.clock, ports_.random, ports_.queue, sender_.directions()),
      body_bytes_(body_bytes_in_memory_max),
      digest_strand_(asio::make_strand(ports_.executor)) {}

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
  if (!slot->was_written()) return;
  tasks_.spawn(slot->executor(), "slot." + std::to_string(slot->slot()), look_whether_empty(state));
}

/// Thousands of slots open at once when a node starts or takes over, and most hold no queue: one look at
/// each that was ever written to. What comes in meanwhile sets to work by itself.
Task<void> QueueService::look_whether_empty(OpenSlotPtr slot) {
  const auto first = slot->queue->keys.everything();
  const auto snapshot = slot->queue->access->snapshot();
  const auto page = co_await snapshot->scan(Family::meta, first, prefix_end(first), 1, 1 << 20);
  if (page && page->pairs.empty()) co_return;
  set_to_work(slot);
  sender_.opened(slot->queue);
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
  if (wanted->has_list()) co_return co_await list(state, wanted);
  if (wanted->has_act()) co_return co_await act(state, wanted);
  if (wanted->has_fetch()) co_return co_await sender_.fetch(state->queue, from, wanted);
  if (wanted->has_finish()) co_return co_await sender_.finish(state->queue, from, wanted);
  const auto submitted = std::make_shared<SubmittedEntry>();
  const auto settled = std::make_shared<SettledParcel>();
  const auto named = entry_in(*wanted);
  if (!named) co_return fail(Errc::unsupported, "an unknown request to the queue");
  const auto id = QueueEntryId::from_bytes(*named);
  if (!id) co_return fail(Errc::invalid, "a queue entry's id has 16 bytes");
  auto write = write_of(*id, wanted, submitted, settled);
  const Duration patience = wanted->has_settle() ? settled_within : Duration{0};
  const auto done = co_await state->queue->change(*id, std::move(write), patience);
  if (!done) co_return tl::unexpected(done.error());
  if (wanted->has_remove()) {
    state->troubles.erase(*id);
    note_removed(*id);
  }
  if (wanted->has_submit()) {
    if (!submitted->is_new || submitted->for_users) set_to_work(state);
    if (submitted->is_new) {
      sender_.look_at(state->queue, *submitted);
    } else {
      sender_.look(state->queue);  // who asked for the first time may not have come so far
    }
  } else if (wanted->has_settle()) {
    if (settled->next) sender_.look(state->queue, *settled->next);
  } else if (!wanted->has_stage_chunk()) {
    set_to_work(state);
    sender_.look(state->queue);
  }
  co_return Bytes();
}

QueueSlot::Write QueueService::write_of(QueueEntryId id, std::shared_ptr<const queue::Request> request,
                                        std::shared_ptr<SubmittedEntry> submitted,
                                        std::shared_ptr<SettledParcel> settled) {
  using Change = QueueChange;
  switch (request->what_case()) {
    case queue::Request::kStageChunk:
      return [request](Change& change) { return change.stage(request->stage_chunk()); };
    case queue::Request::kSubmit:
      return
          [request, submitted](Change& change) { return change.submit(request->submit(), submitted.get()); };
    case queue::Request::kRetry:
      return [id](Change& change) { return change.retry_now(id); };
    case queue::Request::kRemove:
      return [id](Change& change) { return change.remove_entry(id); };
    case queue::Request::kHold:
      return [id, held = request->hold().held()](Change& change) { return change.hold(id, held); };
    case queue::Request::kSettle:
      return [id, request, settled, rules = ports_.rules, chance = ports_.random.unit()](Change& change) {
        const auto& settle = request->settle();
        return change.settle_parcel(id, settle.parcel(), {settle.outcomes().begin(), settle.outcomes().end()},
                                    rules, chance, settled);
      };
    default:
      return {};
  }
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
  constexpr int sweeps_between = due_looked_at_every / swept_every;
  for (int round = 1;; ++round) {
    co_await sleep_for(ports_.clock, swept_every);
    std::vector<OpenSlotPtr> slots;
    {
      const std::lock_guard lock(guard_);
      for (const auto& [id, slot] : open_) {
        if (slot->queue->sweeps_due || round % sweeps_between == 0) slots.push_back(slot);
      }
    }
    for (const auto& slot : slots) {
      asio::post(slot->queue->access->executor(), [this, slot] { set_to_work(slot); });
    }
    co_await digest();  // for last_digest()
  }
}

}  // namespace gridmail
