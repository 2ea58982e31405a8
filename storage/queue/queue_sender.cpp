#include "storage/queue/queue_sender.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>

#include "node/base/log.hpp"
#include "storage/queue/outcome_report.hpp"

namespace gridmail {
namespace {

/// What a former primary may need to hear the remote's last reply and tell of it.
constexpr Duration former_primary_finishes = std::chrono::seconds(5);
/// Something begun that ended without an outcome.
constexpr Duration look_again_after_nothing = std::chrono::seconds(1);
constexpr std::size_t fresh_max = 256;
/// A lease that lapsed for a moment is waited for rather than a transaction broken off.
constexpr Duration lease_waited_for = std::chrono::seconds(5);
constexpr Duration lease_looked_at_every = std::chrono::milliseconds(50);
constexpr std::size_t returned_bytes_max = 1 << 20;

template <class Record>
Task<Result<std::optional<Record>>> load(QueueSlotPtr slot, Bytes key) {
  const auto value = co_await slot->access->snapshot()->get(Family::meta, std::move(key));
  co_return decode_stored<Record>(value);
}

}  // namespace

Task<void> QueueSender::stop() {
  tasks_.cancel();
  co_await tasks_.join();
  co_await egress_.stop();
}

QueueSender::UnderWay::UnderWay(QueueSender& owner, OpenSlotPtr open, Due begun, Way way)
    : next(owner.ports_.clock.wall() + to_micros(look_again_after_nothing)),
      slot(std::move(open)),
      due(begun),
      owner_(owner),
      way_(std::move(way)) {}

QueueSender::UnderWay::~UnderWay() {
  slot->under_way.erase(due.without_time());
  if (next) slot->look(*next);
  slot->more = true;
  slot->wake->set();
  owner_.rooms_.leave(way_.hop, way_.sender);
}

void QueueSender::opened(QueueSlotPtr slot) {
  set_to_work(find(slot));
}

void QueueSender::closed(SlotId slot) {
  const std::lock_guard lock(guard_);
  const auto found = open_.find(slot);
  if (found == open_.end()) return;
  found->second->wake->set();  // its worker finds that it is over, and ends
  open_.erase(found);
}

void QueueSender::look(const QueueSlotPtr& slot, WallMicros at) {
  const auto state = find(slot);
  state->look(at);
  set_to_work(state);
}

void QueueSender::look_at(const QueueSlotPtr& slot, const SubmittedEntry& entry) {
  if (entry.dues.empty()) return;
  const auto state = find(slot);
  if (state->fresh.size() < fresh_max) {
    for (std::size_t i = 0; i < entry.dues.size(); ++i)
      state->fresh.push_back({entry.dues[i], entry.waiting[i]});
  } else {
    state->look(0);
  }
  set_to_work(state);
}

QueueSender::OpenSlotPtr QueueSender::find(const QueueSlotPtr& slot) {
  const auto make = [&] {
    return std::make_shared<OpenSlot>(slot, ports_.clock.now() + former_primary_finishes,
                                      ports_.clock.wall());
  };
  const std::lock_guard lock(guard_);
  auto& state = open_[slot->access->slot()];
  if (state && state->queue == slot) return state;
  if (state && state->queue->access->epoch() > slot->access->epoch()) return make();  // it can do nothing
  state = make();
  return state;
}

Task<void> QueueSender::send(OpenSlotPtr slot, Due due, Way way) {
  UnderWay under_way(*this, slot, due, way);
  const auto entry_key = slot->queue->keys.entry(due.id);
  const auto parcel_key = slot->queue->keys.parcel(due.id, due.number);
  auto lane = co_await lanes_.enter(way.hop, way.sender);
  if (!lane) {
    const auto pause = lanes_.rest_of(way.hop);
    co_return co_await wait_for_rest(&under_way, way.hop, pause ? pause->until : ports_.clock.now());
  }
  // Read now: it may have been settled, held or removed while this waited.
  const auto entry = co_await load<queue::Entry>(slot->queue, entry_key);
  const auto parcel = co_await load<queue::Parcel>(slot->queue, parcel_key);
  if (!entry || !*entry || !parcel || !*parcel || slot->queue->is_over()) co_return;
  if ((*parcel)->held() || (*parcel)->next_attempt() != due.at) co_return;
  const auto sending = std::make_shared<RemoteDelivery::Sending>();
  sending->message = (*entry)->message();
  sending->parcel = **parcel;
  sending->body = [this, slot, due, entry = **entry] {
    return asio::co_spawn(slot->queue->access->executor(), read_body(slot, due, entry), asio::use_awaitable);
  };
  const auto broken_off = std::make_shared<std::atomic<bool>>(false);
  sending->may_finish = [this, slot, due, broken_off] {
    return asio::co_spawn(slot->queue->access->executor(), may_finish(slot, due, broken_off),
                          asio::use_awaitable);
  };
  auto sent = co_await ports_.remote.send(sending);
  lane->leave(sent.reached);
  if (*broken_off) co_return;  // nothing came of it: whoever may send it finds it as it was
  report_outcomes(ports_.trace, due.id, sending->message, sent.outcomes);
  co_await settle(&under_way, std::move(sent.outcomes));
}

Task<Result<RemoteDelivery::HeldBody>> QueueSender::read_body(OpenSlotPtr slot, Due due, queue::Entry entry) {
  auto share = co_await body_bytes_.take(entry.message().body_size());
  auto body = co_await slot->queue->read_body(due.id, entry.chunks());
  if (!body) {
    log(Level::error, "queue.unreadable",
        {{"id", entry.message().trace()}, {"entry", due.id.hex()}, {"error", body.error().text}});
    co_return tl::unexpected(body.error());
  }
  RemoteDelivery::HeldBody held;
  held.bytes = std::move(*body);
  held.share = std::move(share);
  co_return held;
}

Task<void> QueueSender::wait_for_rest(UnderWay* under_way, std::string hop, TimePoint until) {
  const auto& due = under_way->due;
  const auto key = under_way->slot->queue->keys.parcel(due.id, due.number);
  const auto parcel = co_await load<queue::Parcel>(under_way->slot->queue, key);
  const auto now = ports_.clock.wall();
  if (!parcel || !*parcel || (*parcel)->settle_by() <= now)
    co_return co_await put_off_within(under_way, hop + " could not be reached just now");
  const auto rest_ends = now + to_micros(std::max(until - ports_.clock.now(), Duration::zero()));
  under_way->next = std::min(rest_ends, (*parcel)->settle_by());
}

Task<void> QueueSender::put_off(OpenSlotPtr slot, Due due, Way way, std::string why) {
  UnderWay under_way(*this, slot, due, std::move(way));
  co_await put_off_within(&under_way, std::move(why));
}

Task<void> QueueSender::put_off_within(UnderWay* under_way, std::string why) {
  const auto& slot = *under_way->slot->queue;
  const auto due = under_way->due;
  const auto entry_key = slot.keys.entry(due.id);
  const auto parcel_key = slot.keys.parcel(due.id, due.number);
  const auto entry = co_await load<queue::Entry>(under_way->slot->queue, entry_key);
  const auto parcel = co_await load<queue::Parcel>(under_way->slot->queue, parcel_key);
  if (!entry || !*entry || !parcel || !*parcel || slot.is_over()) co_return;
  if ((*parcel)->held() || (*parcel)->next_attempt() != due.at) co_return;
  const auto& last = (*parcel)->last_reply();
  auto outcomes = deferred(**parcel, last.empty() ? why : last);
  report_outcomes(ports_.trace, due.id, (*entry)->message(), outcomes);
  co_await settle(under_way, std::move(outcomes));
}

Task<bool> QueueSender::may_finish(OpenSlotPtr slot, Due due, std::shared_ptr<std::atomic<bool>> broken_off) {
  const bool may = co_await wait_for_leave(slot, due);
  if (!may) *broken_off = true;
  co_return may;
}

Task<bool> QueueSender::wait_for_leave(OpenSlotPtr slot, Due due) {
  const auto deadline = ports_.clock.now() + lease_waited_for;
  while (!slot->queue->access->may_answer() && !slot->queue->is_over() && ports_.clock.now() < deadline)
    co_await sleep_for(ports_.clock, lease_looked_at_every);
  const auto key = slot->queue->keys.parcel(due.id, due.number);
  const auto parcel = co_await load<queue::Parcel>(slot->queue, key);
  const bool is_wanted = parcel && *parcel && !(*parcel)->held();
  co_return is_wanted && slot->queue->access->may_answer().has_value();
}

Task<void> QueueSender::settle(UnderWay* under_way, std::vector<queue::Outcome> outcomes) {
  const auto due = under_way->due;
  const auto settled = std::make_shared<SettledParcel>();
  const double chance = ports_.random.unit();
  QueueSlot::Write write = [=, rules = ports_.rules](QueueChange& change) {
    return change.settle_parcel(due.id, due.number, outcomes, rules, chance, settled);
  };
  auto done = co_await under_way->slot->queue->change(due.id, std::move(write), settled_within);
  if (done) {
    under_way->next = settled->next;
  } else {
    done = co_await ports_.queue.settle(due.id, due.number, std::move(outcomes));
  }
  if (!done) log(Level::warn, "queue.not_settled", {{"entry", due.id.hex()}, {"error", done.error().text}});
  for (const auto& address : settled->dropped) {
    log(Level::warn, "queue.dropped", {{"entry", due.id.hex()}, {"to", address}});
  }
}

namespace {

/// As it went out, or was to: with the fields that were put in front of it here.
void return_original(BytesView body, bool is_readable, RemoteDelivery::Reporting& reporting) {
  const auto& message = reporting.message;
  const auto fields = without_return_path(message.prefix());
  // RFC 3461, section 4.3: the whole of it only with a failure, and only where it was asked for.
  // Nor what was to travel under TLS only: this notification may not (RFC 8689, section 4.3).
  reporting.whole = is_readable && message.returned() == queue::Message::FULL &&
                    message.tls() != queue::Message::TLS_REQUIRED &&
                    reporting.report.kind() == queue::Report::FAILED &&
                    fields.size() + body.size() <= returned_bytes_max;
  auto& original = reporting.original;
  original.append(fields).append(body.substr(0, returned_bytes_max));
  if (!reporting.whole) original.resize(std::min(header_length(original), returned_bytes_max));
}

}  // namespace

Task<void> QueueSender::tell(OpenSlotPtr slot, Due due) {
  UnderWay under_way(*this, slot, due, way_of_reports());
  const auto entry_key = slot->queue->keys.entry(due.id);
  const auto report_key = slot->queue->keys.report(due.id, due.number);
  const auto entry = co_await load<queue::Entry>(slot->queue, entry_key);
  const auto report = co_await load<queue::Report>(slot->queue, report_key);
  if (!entry || !*entry || !report || !*report) co_return;
  const auto& message = (*entry)->message();
  const auto share = co_await body_bytes_.take(message.body_size());
  auto body = co_await slot->queue->read_body(due.id, (*entry)->chunks());
  const auto reporting = std::make_shared<RemoteDelivery::Reporting>();
  reporting->message = message;
  reporting->report = **report;
  return_original(body ? BytesView(*body) : BytesView(), body.has_value(), *reporting);
  const auto told = co_await ports_.remote.report(reporting);
  if (!told && !told.error().temporary()) {
    log(Level::warn, "queue.sender_not_told",
        {{"id", message.trace()},
         {"entry", due.id.hex()},
         {"sender", message.sender()},
         {"error", told.error().text}});
  }
  const bool later = !told && told.error().temporary();
  const double chance = ports_.random.unit();
  QueueSlot::Write write = [due, later, chance, rules = ports_.rules](QueueChange& change) {
    return later ? change.report_later(due.id, due.number, rules, chance)
                 : change.report_told(due.id, due.number);
  };
  // Should this fail, the sender is told once more, under the same GUID.
  const auto done = co_await slot->queue->change(due.id, std::move(write));
  if (done && !later) under_way.next.reset();
}

}  // namespace gridmail
