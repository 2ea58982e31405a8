// The part of IntakeService that hands records over and keeps each on two nodes until then.
#include <algorithm>

#include "node/base/log.hpp"
#include "node/base/metrics.hpp"
#include "node/runtime/parallel.hpp"
#include "storage/queue/intake_service.hpp"

namespace gridmail {
namespace {

metrics::Histogram held_for{"intake_held_seconds",
                            "From a message's acceptance while its slot was away to its arrival there."};

constexpr Duration pause_min = std::chrono::milliseconds(300);
constexpr Duration pause_max = std::chrono::seconds(10);
/// How often the second asks whether the record can go.
constexpr Duration second_asks_every = std::chrono::seconds(5);
/// How long the second leaves a record to a first that lives.
constexpr Duration second_helps_after = std::chrono::seconds(30);
/// A peer that is not alive for so long is replaced.
constexpr Duration peer_missed_max = std::chrono::seconds(5);
constexpr Duration find_peer_max = std::chrono::seconds(5);
constexpr std::size_t looked_at_once_max = 16;
constexpr std::size_t deliveries_at_once_max = 8;
constexpr std::size_t finished_max = 100'000;

}  // namespace

/// One record's recipients under way; owned by the lanes.
struct IntakeService::HandOver {
  HandOver(queue::IntakeRecord from, std::shared_ptr<const MemoryBody> bytes)
      : record(std::move(from)),
        body(std::move(bytes)),
        done(static_cast<std::size_t>(record.recipients_size())) {}
  queue::IntakeRecord record;
  std::shared_ptr<const MemoryBody> body;
  std::vector<char> done;
};

void IntakeService::hold(IntakeId id, Held held) {
  held.since = ports_.clock.now();
  held.due = held.since;
  held.pause = held.second ? second_asks_every : Duration{0};
  held_[id] = held;
  schedule(id, held.pause);
}

void IntakeService::schedule(IntakeId id, Duration pause) {
  auto& held = held_.at(id);
  due_.erase({held.due, id});
  held.due = ports_.clock.now() + pause;
  due_.insert({held.due, id});
  wake_->set();
}

Task<void> IntakeService::run() {
  for (;;) {
    wake_->reset();
    const auto now = ports_.clock.now();
    while (!due_.empty() && due_.begin()->first <= now && looked_at_now_ < looked_at_once_max) {
      const auto id = due_.begin()->second;
      due_.erase(due_.begin());
      held_.at(id).busy = true;
      ++looked_at_now_;
      tasks_.spawn(strand_, "record", look_at(id));
    }
    const bool full = looked_at_now_ >= looked_at_once_max;
    const auto next = due_.empty() || full ? TimePoint::never() : due_.begin()->first;
    if (next == TimePoint::never()) {
      co_await wake_->wait();
    } else {
      co_await before(ports_.clock, next, wake_);
    }
  }
}

Task<void> IntakeService::look_at(IntakeId id) {
  // References into held_ stay good while busy: nobody else erases it.
  auto& held = held_.at(id);
  bool finished = false;
  const bool too_old = held.accepted + to_micros(intake_delivered_max) <= ports_.clock.wall();
  if (too_old && !held.wanted) {
    if (!held.expired) log(Level::warn, "intake.expired", {{"record", id.hex()}});
    held.expired = true;
    ask_whether_finished(id);  // the peer may have handed it over while it was not too old
  } else if (is_first_at_work(held)) {
    ask_whether_finished(id);
  } else {
    finished = co_await hand_over(id);
  }
  if (!finished && !held.expired && !held.dropped && needs_peer(held)) co_await find_peer(id);
  --looked_at_now_;
  held.busy = false;
  wake_->set();
  if (finished) {
    const auto held_micros = std::max<WallMicros>(0, ports_.clock.wall() - held.accepted);
    held_for.observe(std::chrono::microseconds(held_micros));
    remember_finished(id);
    if (held.peer) tell_drop(*held.peer, id);
  }
  if (finished || held.dropped) co_return co_await drop(id);
  // An expired one is kept and listed: somebody must decide.
  held.pause = held.second && is_first_at_work(held) ? second_asks_every
                                                     : std::clamp(held.pause * 2, pause_min, pause_max);
  schedule(id, held.pause);
}

void IntakeService::ask_whether_finished(IntakeId id) {
  const auto& held = held_.at(id);
  if (!held.peer) return;
  queue::IntakeMessage holding;
  holding.set_id(id.bytes());
  holding.mutable_holding();
  send_intake(ports_.network, *held.peer, holding);
}

bool IntakeService::is_first_at_work(const Held& held) const {
  return held.second && held.peer && ports_.alive(*held.peer) &&
         ports_.clock.now() < held.since + second_helps_after;
}

/// Whether all of it is committed where it belongs.
Task<bool> IntakeService::hand_over(IntakeId id) {
  auto record = co_await journal_.read(id);
  if (!record) co_return false;
  if (!*record) co_return true;
  const auto share = co_await body_bytes_.take((*record)->message().body_size());
  auto bytes = co_await journal_.read_body(**record);
  if (!bytes) {
    log(Level::error, "intake.unreadable",
        {{"id", (*record)->message().trace()}, {"record", id.hex()}, {"error", bytes.error().text}});
    co_return false;
  }
  const auto body = std::make_shared<const MemoryBody>(std::move(*bytes));
  Result<bool> outcome = false;
  if (const auto entry = QueueEntryId::from_bytes((*record)->entry())) {
    const std::vector<queue::Recipient> recipients((*record)->recipients().begin(),
                                                   (*record)->recipients().end());
    const auto options = patient_delivery();
    const auto done = co_await ports_.queue.submit(*entry, (*record)->message(), recipients, *body, options);
    outcome = done ? Result<bool>(true) : Result<bool>(tl::unexpected(done.error()));
  } else {
    outcome = co_await hand_over_to_users(std::move(**record), body);
  }
  if (!outcome && !outcome.error().temporary()) {
    log(Level::error, "intake.hand_over_failed", {{"record", id.hex()}, {"error", outcome.error().text}});
  }
  co_return outcome.value_or(false);
}

Task<Result<bool>> IntakeService::hand_over_to_users(queue::IntakeRecord record,
                                                     std::shared_ptr<const MemoryBody> body) {
  const auto lot = std::make_shared<HandOver>(std::move(record), std::move(body));
  const auto step = [this, lot](std::size_t index) { return deliver(lot, index); };
  co_await run_parallel(tasks_, "hand_over", lot->done.size(), deliveries_at_once_max, step);
  const auto done = std::count(lot->done.begin(), lot->done.end(), 1);
  if (static_cast<std::size_t>(done) == lot->done.size()) co_return true;
  if (done == 0) co_return false;
  queue::IntakeRecord rest = lot->record;
  rest.clear_recipients();
  for (std::size_t i = 0; i < lot->done.size(); ++i) {
    if (lot->done[i] == 0) *rest.add_recipients() = lot->record.recipients(static_cast<int>(i));
  }
  // Losing this update costs a repeated delivery that the mailbox's memory of GUIDs answers.
  if (const auto updated = co_await journal_.update(std::move(rest)); !updated) {
    co_return tl::unexpected(updated.error());
  }
  co_return false;
}

Task<void> IntakeService::deliver(std::shared_ptr<HandOver> lot, std::size_t index) {
  const auto& recipient = lot->record.recipients(static_cast<int>(index));
  const auto options = patient_delivery();
  const auto delivered =
      co_await ports_.deliveries.deliver(lot->record.message(), recipient, *lot->body, options);
  if (delivered) {
    lot->done[index] = 1;
  } else if (!delivered.error().temporary()) {
    log(Level::error, "intake.delivery_failed",
        {{"id", lot->record.message().trace()},
         {"address", recipient.address()},
         {"error", delivered.error().text}});
  }
}

Task<void> IntakeService::drop(IntakeId id) {
  if (const auto held = held_.find(id); held != held_.end()) {
    due_.erase({held->second.due, id});
    held_.erase(held);
  }
  // Should this fail, the record is handed over once more after the next start, and found to be there.
  if (const auto dropped = co_await journal_.drop(id); !dropped) {
    log(Level::warn, "intake.drop_failed", {{"record", id.hex()}, {"error", dropped.error().text}});
  }
}

bool IntakeService::needs_peer(Held& held) const {
  const auto now = ports_.clock.now();
  if (held.peer && ports_.alive(*held.peer)) {
    held.peer_missed_since.reset();
    return false;
  }
  if (!held.peer) return true;
  if (!held.peer_missed_since) held.peer_missed_since = now;
  return now - *held.peer_missed_since >= peer_missed_max;
}

/// Gives the record to another node, and is the first of the two from then on.
Task<void> IntakeService::find_peer(IntakeId id) {
  const auto& held = held_.at(id);
  const auto gone = held.peer;
  bool anybody = false;
  for (const auto& node : candidates(gone)) anybody = anybody || can_take(node);
  if (!anybody) co_return;
  auto record = co_await journal_.read(id);
  if (!record || !*record) co_return;
  const auto share = co_await body_bytes_.take((*record)->message().body_size());
  const auto bytes = co_await journal_.read_body(**record);
  if (!bytes) co_return;
  std::vector<Bytes> chunks;
  for (std::size_t at = 0; at < bytes->size(); at += queue_chunk_bytes) {
    chunks.push_back(bytes->substr(at, queue_chunk_bytes));
  }
  queue::IntakeRecord theirs = **record;
  theirs.set_peer(ports_.self.bytes());
  theirs.set_second(true);
  const auto offer = std::make_shared<IntakeOffer>(ports_.network, strand_, id, theirs, chunks);
  offers_[id] = offer;
  const auto until = ports_.clock.now() + find_peer_max;
  const auto taker = co_await find_taker(offer, gone, {until, until});
  offers_.erase(id);
  if (!taker) co_return;
  queue::IntakeRecord mine = std::move(**record);
  mine.set_peer(taker->bytes());
  mine.set_second(false);
  if (const auto updated = co_await journal_.update(std::move(mine)); !updated) co_return;
  auto& now_held = held_.at(id);
  now_held.peer = taker;
  now_held.second = false;
  now_held.peer_missed_since.reset();
  log(Level::info, "intake.peer_replaced", {{"record", id.hex()}, {"peer", taker->brief()}});
}

void IntakeService::remember_finished(IntakeId id) {
  if (!finished_.insert(id).second) return;
  finished_order_.push_back(id);
  if (finished_order_.size() <= finished_max) return;
  finished_.erase(finished_order_.front());
  finished_order_.pop_front();
}

}  // namespace gridmail
