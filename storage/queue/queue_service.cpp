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
  if (wanted->has_list()) co_return co_await list(state, wanted);
  if (wanted->has_act()) co_return co_await act(state, wanted);
  if (wanted->has_fetch()) co_return co_await sender_.fetch(state->queue, from, wanted);
  if (wanted->has_finish()) co_return co_await sender_.finish(state->queue, from, wanted);
  const auto settled = std::make_shared<SettledParcel>();
  auto write = write_of(wanted, settled);
  if (!write) co_return tl::unexpected(write.error());
  if (const auto done = co_await state->queue->change(std::move(*write)); !done)
    co_return tl::unexpected(done.error());
  if (wanted->has_remove()) {
    const auto id = *QueueEntryId::from_bytes(wanted->remove().entry());
    state->troubles.erase(id);
    note_removed(id);
  }
  if (wanted->has_submit()) {
    set_to_work(state);
    sender_.look_at(state->queue, *QueueEntryId::from_bytes(wanted->submit().entry()));
  } else if (wanted->has_settle()) {
    if (settled->next) sender_.look(state->queue, *settled->next);
    set_to_work(state);  // chunks may have to be swept
  } else if (!wanted->has_stage_chunk()) {
    set_to_work(state);
    sender_.look(state->queue);
  }
  co_return Bytes();
}

Result<QueueSlot::Write> QueueService::write_of(std::shared_ptr<const queue::Request> request,
                                                std::shared_ptr<SettledParcel> settled) {
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
        return [id = *id, request, settled, rules = ports_.rules,
                chance = ports_.random.unit()](Change& change) {
          const auto& settle = request->settle();
          return change.settle_parcel(id, settle.parcel(),
                                      {settle.outcomes().begin(), settle.outcomes().end()}, rules, chance,
                                      settled);
        };
      break;
    default:
      return fail(Errc::unsupported, "an unknown request to the queue");
  }
  return fail(Errc::invalid, "a queue entry's id has 16 bytes");
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
