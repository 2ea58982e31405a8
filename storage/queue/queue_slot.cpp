#include "storage/queue/queue_slot.hpp"

#include <algorithm>
#include <set>

namespace gridmail {
namespace {

constexpr std::size_t lot_max = 128;
/// With more at once each of them would only be smaller.
constexpr std::size_t lots_max = 8;

}  // namespace

QueueSlot::WantedPtr QueueSlot::enqueue(std::vector<QueueEntryId> ids, Write write) {
  auto wanted = std::make_shared<Wanted>();
  wanted->ids = std::move(ids);
  wanted->write = std::move(write);
  wanted->turn = std::make_shared<Event>(access->executor());
  wanted_.push_back(wanted);
  return wanted;
}

Task<Result<void>> QueueSlot::change_many(std::vector<QueueEntryId> ids, Write write, Duration patience) {
  const auto wanted = enqueue(std::move(ids), std::move(write));
  // However this ends: what was not begun is not done later, when nobody waits for it.
  const std::shared_ptr<void> forget(nullptr, [this, wanted](void*) {
    if (wanted->taken) return;
    std::erase(wanted_, wanted);
    wake_next();
  });
  wanted->ripe = patience == Duration{0};
  std::unique_ptr<Clock::Alarm> alarm;
  if (!wanted->ripe) {
    alarm = clock_.call_at(clock_.now() + patience, [wanted] {
      wanted->ripe = true;
      wanted->turn->set();
    });
  }
  while (!wanted->result) {
    if (may_begin(*wanted)) {
      const auto lot = std::make_shared<Lot>(take_lot());
      if (!lot->empty()) {
        co_await commit(lot);
        continue;
      }
    }
    co_await wanted->turn->wait();
    wanted->turn->reset();
  }
  co_return std::move(*wanted->result);
}

bool QueueSlot::may_begin(const Wanted& wanted) const {
  return !wanted.taken && lots_ < lots_max && wanted.ripe;
}

QueueSlot::Lot QueueSlot::take_lot() {
  Lot lot;
  std::set<QueueEntryId> passed;  // those behind it that are of the same entry wait as well
  std::deque<WantedPtr> left;
  for (auto& wanted : wanted_) {
    const bool waits = lot.size() >= lot_max ||
                       std::any_of(wanted->ids.begin(), wanted->ids.end(),
                                   [&](const auto& id) { return busy_.contains(id) || passed.contains(id); });
    if (waits) {
      passed.insert(wanted->ids.begin(), wanted->ids.end());
      left.push_back(std::move(wanted));
      continue;
    }
    busy_.insert(wanted->ids.begin(), wanted->ids.end());
    wanted->taken = true;
    lot.push_back(std::move(wanted));
  }
  wanted_ = std::move(left);
  return lot;
}

void QueueSlot::put_back(const WantedPtr& wanted) {
  for (const auto& id : wanted->ids) busy_.erase(id);
  wanted->operation = {};
  wanted->result.reset();
  wanted->finished = wanted->taken = false;
  wanted_.push_front(wanted);
}

void QueueSlot::end(const Lot& lot) {
  --lots_;
  for (const auto& wanted : lot) {
    for (const auto& id : wanted->ids) busy_.erase(id);
    if (!wanted->result) wanted->result = fail(Errc::unavailable, "broken off");
    wanted->turn->set();
  }
  wake_next();
}

void QueueSlot::wake_next() {
  const auto next =
      std::find_if(wanted_.begin(), wanted_.end(), [](const auto& wanted) -> bool { return wanted->ripe; });
  if (next != wanted_.end()) (*next)->turn->set();
}

Task<void> QueueSlot::commit(std::shared_ptr<Lot> lot) {
  ++lots_;
  const std::shared_ptr<void> ends(nullptr, [this, lot](void*) { end(*lot); });
  const auto snapshot = access->snapshot();
  std::size_t bytes = 0, built = 0;
  for (; built < lot->size(); ++built) {
    const auto& wanted = (*lot)[built];
    co_await build(wanted, snapshot);
    bytes += wanted->operation.bytes();
    if (built > 0 && bytes > operation_bytes_max) break;
  }
  for (; lot->size() > built; lot->pop_back()) put_back(lot->back());
  const auto committed = co_await commit_together(lot);
  ++changes;
  for (const auto& wanted : *lot) {
    if (!wanted->result) wanted->result = committed;
    if (*wanted->result && wanted->finished) sweeps_due = true;
  }
}

/// Leaves an operation, or the result where there is none.
Task<void> QueueSlot::build(WantedPtr wanted, std::shared_ptr<const Snapshot> snapshot) {
  OperationBuilder builder(std::move(snapshot));
  QueueChange change(builder, access->slot(), clock_.wall());
  auto written = co_await wanted->write(change);
  if (written && builder.bytes() > operation_bytes_max)
    written = fail(Errc::too_large, "a queue entry over the limit");
  if (written) {
    wanted->operation = builder.take();
    wanted->finished = change.has_finished();
    if (wanted->operation.empty()) written = access->may_answer();
  }
  if (wanted->operation.empty()) wanted->result = std::move(written);
}

/// A disk without space takes removals only: then each has its own answer.
Task<Result<void>> QueueSlot::commit_together(std::shared_ptr<Lot> lot) {
  Operation together;
  for (const auto& wanted : *lot) {
    const auto& writes = wanted->operation.writes;
    together.writes.insert(together.writes.end(), writes.begin(), writes.end());
  }
  if (together.empty()) co_return Result<void>{};
  auto committed = co_await access->commit(std::move(together));
  const bool no_space = !committed && committed.error().code == Errc::no_space;
  if (!no_space) co_return committed;
  for (const auto& wanted : *lot) {
    if (wanted->result) continue;
    auto alone = co_await access->commit(std::move(wanted->operation));
    wanted->result = std::move(alone);
  }
  co_return committed;
}

Task<Result<Bytes>> QueueSlot::read_body(QueueEntryId id, std::uint32_t chunks) {
  const auto snapshot = access->snapshot();
  Bytes body;
  for (std::uint32_t index = 0; index < chunks; ++index) {
    auto chunk = co_await snapshot->get(Family::body, keys.chunk(id, index));
    if (!chunk) co_return tl::unexpected(chunk.error());
    if (!*chunk) co_return fail(Errc::corrupted, "queue entry " + id.hex() + " lacks a chunk");
    body += **chunk;
  }
  co_return body;
}

bool QueueSlot::is_over() const {
  const auto may = access->may_answer();
  return !may && may.error().code == Errc::not_primary;
}

}  // namespace gridmail
