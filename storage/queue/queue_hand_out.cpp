// The part of QueueService that hands entries out: a worker per slot that has any.
#include <algorithm>

#include "node/base/log.hpp"
#include "node/runtime/parallel.hpp"
#include "storage/queue/queue_service.hpp"

namespace gridmail {
namespace {

constexpr Duration pause_min = std::chrono::milliseconds(500);
constexpr Duration pause_max = std::chrono::seconds(30);
constexpr std::size_t deliveries_at_once_max = 8;
constexpr std::size_t recipients_per_operation_max = 64;
constexpr std::size_t dues_per_operation_max = 256;

}  // namespace

/// One page of an entry's recipients under way; owned by its lanes.
struct QueueService::HandingOut {
  HandingOut(queue::Message envelope, std::shared_ptr<const MemoryBody> bytes)
      : message(std::move(envelope)), body(std::move(bytes)) {}
  queue::Message message;
  std::shared_ptr<const MemoryBody> body;
  std::vector<std::pair<std::uint32_t, queue::Recipient>> recipients;
  std::vector<std::uint32_t> done;
  std::string last_error;
};

Task<void> QueueService::work(OpenSlotPtr slot) {
  auto pause = pause_min;
  while (!slot->queue->is_over()) {
    slot->more = false;
    slot->wake->reset();
    Pass pass;
    auto outcome = co_await settle_due(slot);
    if (outcome) {
      const auto handed_out = co_await hand_out_all(slot);
      if (handed_out) {
        pass = *handed_out;
      } else {
        outcome = tl::unexpected(handed_out.error());
      }
    }
    if (outcome && pass.progress) outcome = co_await settle_due(slot);
    if (!outcome && outcome.error().code == Errc::not_primary) break;
    if (!outcome)
      log(Level::warn, "queue.work_failed",
          {{"slot", slot->queue->access->slot()}, {"error", outcome.error().text}});
    if (outcome && !pass.left && !slot->more) break;
    if (slot->more) continue;
    pause = pass.progress ? pause_min : std::min(pause * 2, pause_max);
    slot->next_attempt = ports_.clock.wall() + to_micros(pause);
    co_await before(ports_.clock, ports_.clock.now() + pause, slot->wake);
    slot->next_attempt = 0;
  }
  slot->working = false;
}

Task<Result<void>> QueueService::settle_due(OpenSlotPtr slot) {
  for (;;) {
    slot->queue->sweeps_due = false;
    const auto snapshot = slot->queue->access->snapshot();
    const auto page = co_await snapshot->scan(Family::meta, slot->queue->keys.dues(),
                                              slot->queue->keys.due_end(ports_.clock.wall()),
                                              dues_per_operation_max, 1 << 20);
    if (!page) co_return tl::unexpected(page.error());
    if (page->pairs.empty()) co_return Result<void>{};
    std::vector<Bytes> keys;
    std::vector<QueueEntryId> ids;
    for (const auto& pair : page->pairs) {
      keys.push_back(pair.key);
      ids.push_back(QueueKeys::id_in(pair.key));
    }
    QueueSlot::Write write = [keys](QueueChange& change) { return change.settle_dues(keys); };
    const auto done = co_await slot->queue->change_many(std::move(ids), std::move(write));
    if (!done) co_return done;
  }
}

Task<Result<QueueService::Pass>> QueueService::hand_out_all(OpenSlotPtr slot) {
  Pass pass;
  // Entries are found by those of their recipients who are here: others' mail is none of this worker's work.
  Bytes first = slot->queue->keys.recipients();
  const Bytes last = prefix_end(first);
  for (;;) {
    const auto snapshot = slot->queue->access->snapshot();
    const auto page = co_await snapshot->scan(Family::meta, first, last, 1, 1 << 20);
    if (!page) co_return tl::unexpected(page.error());
    if (page->pairs.empty()) break;
    const auto id = QueueKeys::numbered_in(page->pairs.front().key).first;
    first = prefix_end(slot->queue->keys.recipients_of(id));
    const auto value = co_await snapshot->get(Family::meta, slot->queue->keys.entry(id));
    auto entry = decode_stored<queue::Entry>(value);
    if (!entry) co_return tl::unexpected(entry.error());
    if (!*entry) co_return fail(Errc::corrupted, "recipients without queue entry " + id.hex());
    if ((*entry)->held()) continue;  // who releases it sets this to work
    const auto one = co_await hand_out(slot, id, std::move(**entry));
    if (!one) co_return tl::unexpected(one.error());
    pass.progress = pass.progress || one->progress;
    pass.left = pass.left || one->left;
  }
  co_return pass;
}

Task<Result<QueueService::Pass>> QueueService::hand_out(OpenSlotPtr slot, QueueEntryId id,
                                                        queue::Entry entry) {
  const auto share = co_await body_bytes_.take(entry.message().body_size());
  auto bytes = co_await slot->queue->read_body(id, entry.chunks());
  if (!bytes) co_return tl::unexpected(bytes.error());
  const auto body = std::make_shared<const MemoryBody>(std::move(*bytes));

  Pass pass;
  std::string last_error;
  Bytes first = slot->queue->keys.recipients_of(id);
  const Bytes last = prefix_end(first);
  for (bool more = true; more;) {
    const auto snapshot = slot->queue->access->snapshot();
    const auto page =
        co_await snapshot->scan(Family::meta, first, last, recipients_per_operation_max, 1 << 20);
    if (!page) co_return tl::unexpected(page.error());
    const auto lot = std::make_shared<HandingOut>(entry.message(), body);
    for (const auto& pair : page->pairs) {
      auto recipient = decode_record<queue::Recipient>(pair.value);
      if (!recipient) co_return tl::unexpected(recipient.error());
      lot->recipients.emplace_back(read_be32(pair.key, pair.key.size() - 4), std::move(*recipient));
    }
    const auto step = [this, lot](std::size_t index) { return deliver(lot, index); };
    co_await run_parallel(tasks_, "hand_out", lot->recipients.size(), deliveries_at_once_max, step);
    pass.left = pass.left || lot->done.size() < lot->recipients.size();
    if (!lot->last_error.empty()) last_error = std::move(lot->last_error);
    if (!lot->done.empty()) {
      pass.progress = true;
      QueueSlot::Write write = [id, lot](QueueChange& change) { return change.handed_out(id, lot->done); };
      if (const auto done = co_await slot->queue->change(id, std::move(write)); !done)
        co_return tl::unexpected(done.error());
      sender_.look(slot->queue);  // its sender may be owed a notification now
    }
    more = page->more && !page->pairs.empty();
    if (more) first = page->pairs.back().key + '\0';
    if (more) more = !co_await was_held(slot, id);
  }
  if (pass.left) {
    auto& trouble = slot->troubles[id];
    ++trouble.attempts;
    trouble.last_error = std::move(last_error);
    ++slot->queue->changes;  // the digest tells of it
  } else {
    slot->troubles.erase(id);
  }
  co_return pass;
}

/// While a page of its recipients was under way.
Task<bool> QueueService::was_held(OpenSlotPtr slot, QueueEntryId id) {
  const auto value = co_await slot->queue->access->snapshot()->get(Family::meta, slot->queue->keys.entry(id));
  const auto entry = decode_stored<queue::Entry>(value);
  co_return entry&&* entry && (*entry)->held();
}

Task<void> QueueService::deliver(std::shared_ptr<HandingOut> page, std::size_t index) {
  const auto& [number, recipient] = page->recipients[index];
  const auto options = patient_delivery();
  const auto delivered = co_await ports_.deliveries.deliver(page->message, recipient, *page->body, options);
  if (delivered) {
    page->done.push_back(number);
    co_return;
  }
  page->last_error = delivered.error().text;
  if (!delivered.error().temporary()) {
    log(Level::error, "queue.delivery_failed",
        {{"id", page->message.trace()}, {"address", recipient.address()}, {"error", delivered.error().text}});
  }
}

}  // namespace gridmail
