#include "storage/queue/queue_sender.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>

#include "node/base/log.hpp"
#include "storage/queue/egress_choice.hpp"
#include "storage/queue/outcome_report.hpp"

namespace gridmail {
namespace {

/// What a former primary may need to hear the remote's last reply and tell of it.
constexpr Duration former_primary_finishes = std::chrono::seconds(5);
constexpr Duration look_again_when_full = std::chrono::seconds(5);
/// In one pass over what is due in a slot.
constexpr std::size_t without_room_max = 8;
constexpr std::size_t fresh_max = 256;
constexpr Duration look_again_after_failure = std::chrono::seconds(5);
/// A lease that lapsed for a moment is waited for rather than a transaction broken off.
constexpr Duration lease_waited_for = std::chrono::seconds(5);
constexpr Duration lease_looked_at_every = std::chrono::milliseconds(50);
/// A slot that has something to send is looked at so often, whatever was missed.
constexpr Duration look_at_least_every = std::chrono::minutes(10);
constexpr std::size_t under_way_max = 20'000;
constexpr std::size_t dues_per_page = 64;
constexpr std::uint64_t returned_bytes_max = 1 << 20;

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

void QueueSender::opened(QueueSlotPtr slot) {
  const auto state = find(slot);
  set_to_work(state);
}

void QueueSender::closed(SlotId slot) {
  const std::lock_guard lock(guard_);
  const auto found = open_.find(slot);
  if (found == open_.end()) return;
  found->second->wake->set();  // its worker finds that it is over, and ends
  open_.erase(found);
}

void QueueSender::look(const QueueSlotPtr& slot) {
  const auto state = find(slot);
  state->passes = true;
  set_to_work(state);
}

void QueueSender::look_at(const QueueSlotPtr& slot, QueueEntryId entry) {
  const auto state = find(slot);
  if (state->fresh.size() < fresh_max) {
    state->fresh.push_back(entry);
  } else {
    state->passes = true;
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

void QueueSender::set_to_work(const OpenSlotPtr& slot) {
  slot->more = true;
  if (slot->working) {
    slot->wake->set();
    return;
  }
  slot->working = true;
  const auto& access = slot->queue->access;
  tasks_.spawn(access->executor(), "slot." + std::to_string(access->slot()), work(slot));
}

Task<void> QueueSender::work(OpenSlotPtr slot) {
  while (!slot->queue->is_over()) {
    slot->more = false;
    slot->wake->reset();
    const auto next = co_await begin_due(slot);
    if (slot->more) continue;
    if (next && !*next) break;
    Duration pause = look_again_after_failure;
    if (next) pause = std::chrono::microseconds(std::max<WallMicros>(**next - ports_.clock.wall(), 0));
    pause = std::clamp(pause, Duration(std::chrono::milliseconds(1)), look_at_least_every);
    const bool woken = co_await before(ports_.clock, ports_.clock.now() + pause, slot->wake);
    if (!woken) slot->passes = true;
  }
  slot->working = false;
}

Task<Result<std::optional<WallMicros>>> QueueSender::begin_due(OpenSlotPtr slot) {
  co_await begin_fresh(slot);
  const bool passes = std::exchange(slot->passes, false);
  if (!passes && !slot->next && !slot->under_way.empty())
    co_return ports_.clock.wall() + to_micros(look_at_least_every);  // their ends wake
  if (!passes) co_return slot->next;
  const auto pass = std::make_shared<Pass>();
  const auto from = std::exchange(slot->pass_from, Bytes());
  const Bytes first = slot->queue->keys.outgoing_dues();
  auto done = co_await begin_between(slot, from.empty() ? first : from, prefix_end(first), pass);
  if (done && !pass->stopped && !from.empty()) done = co_await begin_between(slot, first, from, pass);
  if (!done) {
    slot->passes = true;
    co_return tl::unexpected(done.error());
  }
  slot->next = pass->next;
  co_return pass->next;
}

Task<Result<void>> QueueSender::begin_between(OpenSlotPtr slot, Bytes first, Bytes last,
                                              std::shared_ptr<Pass> pass) {
  const auto snapshot = slot->queue->access->snapshot();
  const auto note = [&](WallMicros at) { pass->next = pass->next ? std::min(*pass->next, at) : at; };
  for (bool more = true; more;) {
    const auto page = co_await snapshot->scan(Family::meta, first, last, dues_per_page, 1 << 20);
    if (!page) co_return tl::unexpected(page.error());
    for (const auto& pair : page->pairs) {
      const auto due = QueueKeys::outgoing_due_in(pair.key);
      if (due.at > ports_.clock.wall()) {
        note(due.at);
        co_return Result<void>{};
      }
      if (slot->under_way.contains(due.without_time())) {  // its end wakes
        note(ports_.clock.wall() + to_micros(look_at_least_every));
        continue;
      }
      const auto again = co_await begin(slot, due);
      if (!again) co_return tl::unexpected(again.error());
      if (*again) note(**again);
      if (*again && !slot->under_way.contains(due.without_time()) &&
          ++pass->without_room >= without_room_max) {
        // Looked at again in turn, lest a long queue for one hop keep others from being seen, or be read for
        // ever.
        slot->pass_from = pair.key + '\0';
        pass->stopped = true;
        co_return Result<void>{};
      }
    }
    more = page->more && !page->pairs.empty();
    if (more) first = page->pairs.back().key + '\0';
  }
  co_return Result<void>{};
}

Task<void> QueueSender::begin_fresh(OpenSlotPtr slot) {
  const auto fresh = std::exchange(slot->fresh, {});
  for (const auto& id : fresh) {
    const auto first = slot->queue->keys.parcels_of(id);
    const auto snapshot = slot->queue->access->snapshot();
    const auto page = co_await snapshot->scan(Family::meta, first, prefix_end(first), SIZE_MAX, 1 << 20);
    if (!page) continue;  // the pass finds it
    for (const auto& pair : page->pairs) {
      const auto parcel = decode_record<queue::Parcel>(pair.value);
      if (!parcel || parcel->held() || parcel->next_attempt() > ports_.clock.wall()) continue;
      const Due due{parcel->next_attempt(), id, QueueKeys::Outgoing::parcel,
                    QueueKeys::numbered_in(pair.key).second};
      if (slot->under_way.contains(due.without_time())) continue;
      const auto begun = co_await begin(slot, due);
      if (!begun || (*begun && !slot->under_way.contains(due.without_time()))) slot->passes = true;
    }
  }
}

Task<Result<std::optional<WallMicros>>> QueueSender::begin(OpenSlotPtr slot, Due due) {
  const auto now = ports_.clock.now();
  const auto soon = [&](Duration pause) { return ports_.clock.wall() + to_micros(pause); };
  if (due.at <= slot->opened_at && now < slot->found_sent_from) co_return soon(slot->found_sent_from - now);
  if (under_way_ >= under_way_max || !slot->queue->access->may_answer()) co_return soon(look_again_when_full);
  const auto executor = slot->queue->access->executor();
  if (due.kind == QueueKeys::Outgoing::report) {
    slot->under_way.emplace(due.without_time(), nullptr);
    ++under_way_;
    tasks_.spawn(executor, "tell", tell(slot, due));
    co_return soon(look_at_least_every);
  }
  const auto key = slot->queue->keys.parcel(due.id, due.number);
  const auto parcel = co_await load<queue::Parcel>(slot->queue, key);
  if (!parcel) co_return tl::unexpected(parcel.error());
  if (!*parcel) co_return std::nullopt;  // settled since this look began
  auto hop = co_await ports_.remote.next_hop((*parcel)->destination());
  const auto node = choose_egress(hop, ports_.egress.nodes());
  const bool here = node == ports_.egress.self;
  if (here ? !lanes_.has_room(hop) : is_full(hop)) co_return soon(look_again_when_full);
  slot->under_way.emplace(due.without_time(), nullptr);
  ++under_way_;
  if (!node) {
    tasks_.spawn(executor, "send nowhere", send_nowhere(slot, due));
  } else if (here) {
    tasks_.spawn(executor, "send", send(slot, due, std::move(hop)));
  } else {
    tasks_.spawn(executor, "hand over", hand_over(slot, due, std::move(hop), *node));
  }
  co_return soon(look_at_least_every);
}

Task<void> QueueSender::send(OpenSlotPtr slot, Due due, std::string hop) {
  const UnderWay under_way(*this, slot, due);
  const auto entry_key = slot->queue->keys.entry(due.id);
  const auto parcel_key = slot->queue->keys.parcel(due.id, due.number);
  auto lane = co_await lanes_.enter(hop);
  // Read now: it may have been settled, held or removed while this waited.
  const auto entry = co_await load<queue::Entry>(slot->queue, entry_key);
  const auto parcel = co_await load<queue::Parcel>(slot->queue, parcel_key);
  if (!entry || !*entry || !parcel || !*parcel || slot->queue->is_over()) co_return;
  if ((*parcel)->held() || (*parcel)->next_attempt() != due.at) co_return;
  if (!lane) co_return co_await put_off(slot, due, hop + " could not be reached just now");
  const auto share = co_await body_bytes_.take((*entry)->message().body_size());
  auto body = co_await slot->queue->read_body(due.id, (*entry)->chunks());
  if (!body) {
    log(Level::error, "queue.unreadable", {{"entry", due.id.hex()}, {"error", body.error().text}});
    co_return co_await put_off(slot, due, "the message cannot be read: " + body.error().text);
  }
  const auto sending = std::make_shared<RemoteDelivery::Sending>();
  sending->message = (*entry)->message();
  sending->parcel = **parcel;
  sending->body = std::move(*body);
  const auto broken_off = std::make_shared<std::atomic<bool>>(false);
  sending->may_finish = [this, slot, due, broken_off] {
    return asio::co_spawn(slot->queue->access->executor(), may_finish(slot, due, broken_off),
                          asio::use_awaitable);
  };
  auto sent = co_await ports_.remote.send(sending);
  lane->leave(sent.reached);
  if (*broken_off) co_return;  // nothing came of it: whoever may send it finds it as it was
  report_outcomes(ports_.trace, due.id, sending->message, sent.outcomes);
  co_await settle(slot, due, std::move(sent.outcomes));
}

Task<void> QueueSender::send_nowhere(OpenSlotPtr slot, Due due) {
  const UnderWay under_way(*this, slot, due);
  co_await put_off(slot, due, "no node that sends mail is there now");
}

Task<void> QueueSender::put_off(OpenSlotPtr slot, Due due, std::string why) {
  const auto entry_key = slot->queue->keys.entry(due.id);
  const auto parcel_key = slot->queue->keys.parcel(due.id, due.number);
  const auto entry = co_await load<queue::Entry>(slot->queue, entry_key);
  const auto parcel = co_await load<queue::Parcel>(slot->queue, parcel_key);
  if (!entry || !*entry || !parcel || !*parcel || slot->queue->is_over()) co_return;
  const auto& last = (*parcel)->last_reply();
  auto outcomes = deferred(**parcel, last.empty() ? why : last);
  report_outcomes(ports_.trace, due.id, (*entry)->message(), outcomes);
  co_await settle(slot, due, std::move(outcomes));
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

Task<void> QueueSender::settle(OpenSlotPtr slot, Due due, std::vector<queue::Outcome> outcomes) {
  const auto dropped = std::make_shared<std::vector<std::string>>();
  const double chance = ports_.random.unit();
  QueueSlot::Write write = [=, rules = ports_.rules](QueueChange& change) {
    return change.settle_parcel(due.id, due.number, outcomes, rules, chance, dropped);
  };
  auto settled = co_await slot->queue->change(std::move(write));
  if (!settled) settled = co_await ports_.queue.settle(due.id, due.number, std::move(outcomes));
  if (!settled) {
    log(Level::warn, "queue.not_settled", {{"entry", due.id.hex()}, {"error", settled.error().text}});
  }
  for (const auto& address : *dropped) {
    log(Level::warn, "queue.dropped", {{"entry", due.id.hex()}, {"to", address}});
  }
}

Task<void> QueueSender::tell(OpenSlotPtr slot, Due due) {
  const UnderWay under_way(*this, slot, due);
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
  if (body) {
    // RFC 3461, section 4.3: the whole of it only with a failure, and only where it was asked for.
    // Nor what was to travel under TLS only: this notification may not (RFC 8689, section 4.3).
    reporting->whole = message.returned() == queue::Message::FULL &&
                       message.tls() != queue::Message::TLS_REQUIRED &&
                       (*report)->kind() == queue::Report::FAILED && body->size() <= returned_bytes_max;
    const auto kept = reporting->whole ? body->size() : header_length(*body);
    reporting->original = body->substr(0, std::min<std::uint64_t>(kept, returned_bytes_max));
  }
  const auto told = co_await ports_.remote.report(reporting);
  if (!told && !told.error().temporary()) {
    log(Level::warn, "queue.sender_not_told",
        {{"entry", due.id.hex()}, {"sender", message.sender()}, {"error", told.error().text}});
  }
  const bool later = !told && told.error().temporary();
  const double chance = ports_.random.unit();
  QueueSlot::Write write = [due, later, chance, rules = ports_.rules](QueueChange& change) {
    return later ? change.report_later(due.id, due.number, rules, chance)
                 : change.report_told(due.id, due.number);
  };
  // Should this fail, the sender is told once more, under the same GUID.
  (void)co_await slot->queue->change(std::move(write));
}

}  // namespace gridmail
