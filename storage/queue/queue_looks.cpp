// The part of QueueSender that looks for what is due in a slot, and begins it where there is room.
#include <algorithm>
#include <asio/post.hpp>

#include "storage/queue/parcel_plan.hpp"
#include "storage/queue/queue_sender.hpp"

namespace gridmail {
namespace {

constexpr Duration look_again_when_full = std::chrono::seconds(1);
/// Who waits for room is called; this is for who was forgotten.
constexpr Duration look_again_without_call = std::chrono::minutes(1);
constexpr Duration look_again_after_failure = std::chrono::seconds(5);
/// For a node that sends.
constexpr Duration look_again_without_node = std::chrono::seconds(5);
/// A slot that has something to send is looked at so often, whatever was missed.
constexpr Duration look_at_least_every = std::chrono::minutes(10);
/// In one go; the next one goes on from there.
constexpr std::size_t looked_at_max = 1000;
constexpr std::size_t dues_per_page = 64;
}  // namespace

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

void QueueSender::call(const OpenSlotPtr& slot, const std::string& hop) {
  asio::post(slot->queue->access->executor(), [slot, hop] {
    slot->waits.erase(hop);
    slot->called.insert(hop);
    slot->more = true;
    slot->wake->set();
  });
}

Task<void> QueueSender::work(OpenSlotPtr slot) {
  while (!slot->queue->is_over()) {
    slot->more = false;
    slot->wake->reset();
    const auto looked = co_await look_once(slot);
    if (!looked) slot->look(ports_.clock.wall() + to_micros(look_again_after_failure));
    if (slot->more) continue;
    if (!slot->next && slot->under_way.empty()) break;
    Duration pause = look_at_least_every;
    if (slot->next)
      pause = std::chrono::microseconds(*slot->next - std::min(*slot->next, ports_.clock.wall()));
    pause = std::clamp(pause, Duration(std::chrono::milliseconds(1)), look_at_least_every);
    const bool woken = co_await before(ports_.clock, ports_.clock.now() + pause, slot->wake);
    if (!woken) slot->look(0);
  }
  slot->working = false;
}

Task<Result<void>> QueueSender::look_once(OpenSlotPtr slot) {
  if (auto done = co_await look_at_fresh(slot); !done) co_return done;
  const auto called = std::exchange(slot->called, {});
  for (const auto& hop : called) {
    if (auto done = co_await look_through(slot, Look(&hop)); !done) co_return done;
  }
  if (!slot->next || *slot->next > ports_.clock.wall()) co_return Result<void>{};
  slot->next.reset();
  co_return co_await look_through(slot, Look(nullptr));
}

Task<Result<void>> QueueSender::look_at_fresh(OpenSlotPtr slot) {
  auto fresh = std::exchange(slot->fresh, {});
  for (auto& [due, waiting] : fresh) {  // who sends it finds out whether it was held or removed meanwhile
    if (slot->under_way.contains(due.without_time())) continue;
    Look look(nullptr);
    if (auto done = co_await begin(slot, due, std::move(waiting), &look); !done) co_return done;
  }
  co_return Result<void>{};
}

Task<Result<void>> QueueSender::look_through(OpenSlotPtr slot, Look look) {
  const auto snapshot = slot->queue->access->snapshot();
  const Bytes all = slot->queue->keys.outgoing_dues();
  const auto soon = [&] { return ports_.clock.wall() + to_micros(look_again_when_full); };
  Bytes first = look.only != nullptr ? Bytes() : std::exchange(slot->look_from, {});
  const bool from_middle = !first.empty();
  if (!from_middle) first = all;
  for (bool more = true; more;) {
    const auto page = co_await snapshot->scan(Family::meta, first, prefix_end(all), dues_per_page, 1 << 20);
    if (!page) co_return tl::unexpected(page.error());
    for (const auto& pair : page->pairs) {
      const auto due = QueueKeys::outgoing_due_in(pair.key);
      // What lies further ahead than any pause was written by a clock that was wrong.
      const auto now = ports_.clock.wall();
      if (due.at > now && due.at <= now + to_micros(2 * ports_.rules.pause_max)) {
        slot->look(from_middle ? soon() : due.at);
        co_return Result<void>{};
      }
      if (auto done = co_await look_at_one(slot, pair, &look); !done) co_return done;
      if (look.is_over) co_return Result<void>{};
      if (++look.looked_at < looked_at_max) continue;
      if (look.only == nullptr) slot->look_from = pair.key + '\0';
      slot->look(soon());
      co_return Result<void>{};
    }
    more = page->more && !page->pairs.empty();
    if (more) first = page->pairs.back().key + '\0';
  }
  if (from_middle) slot->look(soon());
  co_return Result<void>{};
}

Task<Result<void>> QueueSender::look_at_one(OpenSlotPtr slot, KeyValue pair, Look* look) {
  const auto due = QueueKeys::outgoing_due_in(pair.key);
  if (slot->under_way.contains(due.without_time())) co_return Result<void>{};  // its end says when to look
  const auto now = ports_.clock.now();
  if (due.at <= slot->opened_at && now < slot->found_sent_from) {
    slot->look(ports_.clock.wall() + to_micros(slot->found_sent_from - now));
    co_return Result<void>{};
  }
  queue::Waiting waiting;
  if (due.kind == QueueKeys::Outgoing::parcel &&
      (!waiting.ParseFromString(pair.value) || waiting.destination().empty())) {
    const auto value = co_await slot->queue->access->snapshot()->get(
        Family::meta, slot->queue->keys.parcel(due.id, due.number));
    const auto parcel = decode_stored<queue::Parcel>(value);
    if (!parcel) co_return tl::unexpected(parcel.error());
    if (!*parcel) co_return Result<void>{};  // settled since this look began
    waiting = waiting_of(**parcel);
  }
  co_return co_await begin(slot, due, std::move(waiting), look);
}

Task<Result<void>> QueueSender::begin(OpenSlotPtr slot, Due due, queue::Waiting waiting, Look* look) {
  const auto executor = slot->queue->access->executor();
  const auto now = ports_.clock.wall();
  if (!slot->queue->access->may_answer()) {
    slot->look(now + to_micros(look_again_when_full));
    look->is_over = true;
    co_return Result<void>{};
  }
  if (due.kind == QueueKeys::Outgoing::report) {
    if (look->only == nullptr && enter(slot, due, way_of_reports(), look))
      tasks_.spawn(executor, "tell", tell(slot, due));
    co_return Result<void>{};
  }
  auto direction = co_await directions_.find(waiting.destination());
  const auto& hop = direction.hop;
  if (look->only != nullptr && hop != *look->only) co_return Result<void>{};
  if (waiting.asked() && direction.here) lanes_.wake(hop, due.at);
  auto pause = direction.here ? lanes_.rest_of(hop) : directions_.pause_of(hop);
  if (!direction.node) pause = {ports_.clock.now() + look_again_without_node, now, true};
  if (pause && direction.node && waiting.asked() && due.at > pause->since) pause.reset();
  if (pause && (!pause->rests || waiting.settle_by() > now)) {
    const auto until = now + to_micros(pause->until - ports_.clock.now());
    slot->look(pause->rests ? std::min(until, waiting.settle_by()) : until);
    co_return Result<void>{};
  }
  Way way(hop, waiting.sender());
  if (!enter(slot, due, way, look)) co_return Result<void>{};
  if (pause) {
    auto why =
        direction.node ? hop + " could not be reached just now" : "no node that sends mail is there now";
    tasks_.spawn(executor, "put off", put_off(slot, due, std::move(way), std::move(why)));
  } else if (direction.here) {
    tasks_.spawn(executor, "send", send(slot, due, std::move(way)));
  } else {
    tasks_.spawn(executor, "hand over", hand_over(slot, due, std::move(direction), std::move(waiting)));
  }
  co_return Result<void>{};
}

bool QueueSender::enter(const OpenSlotPtr& slot, Due due, const Way& way, Look* look) {
  const auto& hop = way.hop;
  std::function<void()> called;
  if (!slot->waits.contains(hop)) called = [slot, hop] { call(slot, hop); };
  const auto entry = rooms_.enter(hop, way.sender, called);
  const auto now = ports_.clock.wall();
  switch (entry) {
    case HopRooms::Entry::inside:
      slot->under_way.emplace(due.without_time(), nullptr);
      return true;
    case HopRooms::Entry::waiting:
      slot->waits.insert(hop);
      slot->look(now + to_micros(look_again_without_call));
      look->is_over = look->only != nullptr;
      return false;
    case HopRooms::Entry::full:
      slot->look(now + to_micros(look_again_when_full));
      look->is_over = true;
      return false;
  }
  return false;
}

}  // namespace gridmail
