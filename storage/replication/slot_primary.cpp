// The primary's half of an opened epoch: ordering and committing.
#include <asio/post.hpp>

#include "gossip/message_kind.hpp"
#include "node/base/log.hpp"
#include "node/base/metrics.hpp"
#include "storage/replication/slot.hpp"

namespace gridmail {
namespace {

metrics::Histogram committed_in{"slot_commit_seconds",
                                "From an operation's arrival at its slot's primary until every copy has it."};

constexpr std::size_t resend_bytes_max = 1024 * 1024;  // sent again at once to one copy
constexpr auto tell_again = std::chrono::seconds(1);   // the commit position, to a joining copy
constexpr auto mend_again = std::chrono::seconds(3);   // where that came to nothing

}  // namespace

bool Slot::writes_allowed() const {
  return !row_.paired || row_.in_sync.size() + row_.joining.size() >= map_->settings.copies_min;
}

/// On every disk that must take it. What is small goes into the reserve, so that mail can be deleted.
bool Slot::has_room_for(const Operation& operation) const {
  const bool is_large =
      std::any_of(operation.writes.begin(), operation.writes.end(),
                  [](const SlotWrite& write) { return write.family == Family::body && write.value; });
  if (!is_large) return true;
  if (context_.low_space()) return false;
  const NodeSet others = row_.others();
  return std::none_of(others.begin(), others.end(),
                      [this](NodeId node) { return context_.leases.is_full(node); });
}

void Slot::submit(Epoch epoch, Operation operation, std::function<void(Result<void>)> done) {
  if (!access_ || row_.epoch != epoch || handing_over_) return done(fail(Errc::not_primary));
  if (!writes_allowed()) return done(fail(Errc::unavailable, "fewer copies than copies_min"));
  if (operation.empty()) return done({});
  if (!has_room_for(operation)) return done(fail(Errc::no_space));
  if (context_.is_behind()) return done(fail(Errc::unavailable, "the disk is behind"));
  const std::size_t bytes = operation.bytes();
  GRIDMAIL_ASSERT(bytes <= 2 * operation_bytes_max);
  if (pending_bytes_ + bytes > context_.settings.pending_bytes_max && !pending_.empty()) {
    return done(fail(Errc::unavailable, "too many operations wait"));
  }
  const Sequence last = pending_.empty() ? copy_.position().sequence : pending_.back().entry.at.sequence;
  context_.loads.note(id_, static_cast<double>(operation.bytes()) / LoadBook::bytes_of_one_request,
                      context_.clock.now());
  context_.operation_bytes += operation.bytes();
  Pending pending;
  pending.entry = {{row_.epoch, last + 1}, std::move(operation.writes)};
  pending.bytes = bytes;
  pending.done = std::move(done);
  pending.since = context_.clock.now();
  settled_in_ = 0;
  pending_bytes_ += bytes;
  pending_.push_back(std::move(pending));
  send_window();
  apply_ready();
}

/// Sends what the window has room for; the rest waits, in order. So the tail that another copy may have to
/// take back, or be brought at an opening, stays short.
void Slot::send_window() {
  const auto& settings = context_.settings;
  for (auto& pending : pending_) {
    if (pending.sent) continue;
    const bool fits = window_operations_ < settings.window_operations &&
                      window_bytes_ + pending.bytes <= settings.window_bytes;
    if (!fits && window_operations_ > 0) return;
    pending.sent = true;
    ++window_operations_;
    window_bytes_ += pending.bytes;
    sent_to_ = pending.entry.at.sequence;
    broadcast(pending);
  }
}

void Slot::broadcast(const Pending& pending) {
  if (peers_.empty()) return;
  auto carried = message();
  to_record(pending.entry, *carried.mutable_entry());
  const Bytes wire = carried.SerializeAsString();
  for (auto& [node, peer] : peers_) send_entry(node, peer, wire);
}

void Slot::send_entry(NodeId to, Peer& peer, const Bytes& wire) {
  const auto now = context_.clock.now();
  peer.sent = now;
  peer.told = committed_;
  if (!peer.waiting_since) peer.waiting_since = now;
  context_.network.send(to, Channel::operations, static_cast<std::uint16_t>(MessageKind::slot), wire);
}

void Slot::on_acknowledge(NodeId from, const replication::Acknowledge& acknowledge) {
  const auto found = peers_.find(from);
  if (found == peers_.end() || !found->second.opened) return;
  auto& peer = found->second;
  const Sequence sequence = acknowledge.sequence();
  if (acknowledge.unopened() || (acknowledge.resumed() && sequence < peer.acknowledged)) {
    // Its disk has lost what it acknowledged before it restarted, or the opening itself. (Or the message is a
    // late one: then it joins again for nothing.)
    peer.refusal = Refusal::behind;
    settled_in_ = 0;
  }
  if (acknowledge.damaged() != 0) on_damaged(from, peer, acknowledge.damaged());
  if (sequence <= peer.acknowledged) return;
  peer.acknowledged = sequence;
  if (sequence >= sent_to_) {
    peer.waiting_since.reset();
  } else {
    peer.waiting_since = context_.clock.now();
  }
  apply_ready();
}

bool Slot::acknowledged_by_all(Sequence sequence) const {
  const auto& sabotage = context_.settings.sabotage;
  return std::all_of(peers_.begin(), peers_.end(), [&](const auto& item) {
    const bool exempt =
        sabotage.primary_first || (sabotage.no_joining_ack && row_.joining.contains(item.first));
    return exempt || item.second.acknowledged >= sequence;
  });
}

/// The others first, the primary last: so it never shows what another copy may not have.
void Slot::apply_ready() {
  if (!opened_) return;
  for (auto& pending : pending_) {
    if (pending.applying) continue;
    const Sequence sequence = pending.entry.at.sequence;
    if (!pending.sent || !acknowledged_by_all(sequence)) return;
    pending.applying = true;
    if (const auto watch = watch_.lock()) watch->note(pending.entry.writes);
    Batch batch = copy_.append(std::move(pending.entry), false);
    pending.entry.at = copy_.position();
    batch.append(trim_log());
    write(std::move(batch), [sequence](Slot& slot) { slot.on_applied(sequence); });
  }
}

void Slot::on_applied(Sequence sequence) {
  if (!loaded_) return;  // closed meanwhile
  GRIDMAIL_ASSERT(!pending_.empty() && pending_.front().entry.at.sequence == sequence);
  auto pending = std::move(pending_.front());
  pending_.pop_front();
  pending_bytes_ -= pending.bytes;
  window_bytes_ -= pending.bytes;
  --window_operations_;
  committed_ = std::max(committed_, pending.entry.at);
  const auto now = context_.clock.now();
  committed_in.observe(now - pending.since);
  context_.fill_budget.note_commit(now - pending.since, now);
  pending.done({});
  if (opened_) send_window();
  apply_ready();
  begin_service();
  if (hands_over_next_ && pending_.empty()) {
    const SlotStep step = *hands_over_next_;
    ask_for(step);
  }
}

/// Operations on their way when the epoch changed under this primary come next, in order, in the new one.
void Slot::carry_pending() {
  Sequence next = sent_to_ = copy_.position().sequence;
  for (auto& pending : pending_) {
    if (pending.applying) continue;
    pending.entry.at = {row_.epoch, ++next};
    if (!pending.sent) continue;
    pending.sent = false;
    --window_operations_;
    window_bytes_ -= pending.bytes;
  }
  send_window();
  apply_ready();
}

void Slot::fail_pending(Errc code) {
  std::deque<Pending> kept;
  std::deque<Pending> failed;
  for (auto& pending : pending_) (pending.applying ? kept : failed).push_back(std::move(pending));
  pending_ = std::move(kept);
  for (auto& pending : failed) {
    pending_bytes_ -= pending.bytes;
    if (pending.sent) {
      --window_operations_;
      window_bytes_ -= pending.bytes;
    }
    pending.done(fail(code, "the slot has a new epoch"));
  }
}

void Slot::primary_tick() {
  const auto now = context_.clock.now();
  if (must_mend() && (!asked_to_mend_ || now - *asked_to_mend_ >= mend_again)) {
    asked_to_mend_ = now;
    context_.mend(id_);
  }
  for (auto& [node, peer] : peers_) {
    if (opening_ && !peer.opened && now - peer.sent >= context_.settings.resend) {
      send_open(node, peer, copy_.commit().sequence);
    }
    if (!opened_) continue;
    const bool waiting = !pending_.empty() && peer.acknowledged < sent_to_;
    if (waiting && now - peer.sent >= context_.settings.resend) {
      resend_window(node, peer);
    } else if (now - peer.sent >= (peer.told < committed_ ? context_.settings.resend : tell_again) &&
               (peer.told < committed_ || row_.joining.contains(node))) {
      // A joining copy waits for this before it is complete, and a message may get lost.
      peer.sent = now;
      peer.told = committed_;
      send(node, message());
    }
  }
}

void Slot::resend_window(NodeId to, Peer& peer) {
  std::size_t bytes = 0;
  for (const auto& pending : pending_) {
    if (!pending.sent || bytes >= resend_bytes_max) return;
    if (pending.applying || pending.entry.at.sequence <= peer.acknowledged) continue;
    bytes += pending.bytes;
    auto again = message();
    to_record(pending.entry, *again.mutable_entry());
    send_entry(to, peer, again.SerializeAsString());
  }
}

}  // namespace gridmail
