// Opening an epoch: the primary brings every other copy to its own tail, before it reads or writes. Both
// halves.
#include "node/base/log.hpp"
#include "storage/replication/slot.hpp"

namespace gridmail {

// --- the primary

void Slot::try_open() {
  if (!loaded_ || opening_ || opened_ || row_.primary != context_.self) return;
  if (restarted_epoch_ == row_.epoch || !context_.disk_checked || is_lost() || is_suspect() ||
      must_wait(context_.self))
    return;
  opening_ = true;
  const Epoch epoch = row_.epoch;
  write(copy_.open_as_primary(epoch, context_.self), [epoch](Slot& slot) {
    if (slot.row_.epoch != epoch || !slot.opening_) return;
    for (const auto& node : slot.row_.others()) {
      slot.send_open(node, slot.peers_[node], slot.copy_.commit().sequence);
    }
    if (slot.peers_.empty()) slot.finish_opening();
  });
}

/// With as many of the tail's entries after `after` as fit a message: the copy asks for the rest.
void Slot::send_open(NodeId to, Peer& peer, Sequence after) {
  const auto now = context_.clock.now();
  peer.sent = now;
  if (!peer.waiting_since) peer.waiting_since = now;
  auto open = message();
  *open.mutable_commit() = to_record(copy_.commit());
  auto& body = *open.mutable_open();
  *body.mutable_tail() = to_record(copy_.position());
  to_record(copy_.history(), *body.mutable_history());
  body.set_log_base(copy_.base().sequence);
  const auto lease = context_.leases.ask_with_opening();
  body.set_incarnation(lease.incarnation);
  body.set_sent(lease.at.since_boot.count());
  std::size_t bytes = 0;
  for (const auto& entry : copy_.tail()) {
    if (entry.at.sequence <= after) continue;
    if (bytes >= context_.settings.open_bytes) break;
    bytes += entry.bytes();
    to_record(entry, *body.add_entries());
  }
  if (lost_since_) {
    const auto left = *lost_since_ + context_.settings.fill_delay - now;
    body.set_fill_after_ms(static_cast<std::uint32_t>(
        std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::milliseconds>(left).count())));
  }
  send(to, open);
}

void Slot::on_open_more(NodeId from, Sequence after) {
  const auto found = peers_.find(from);
  if (found == peers_.end() || !opening_ || found->second.opened) return;
  found->second.waiting_since.reset();  // it gets on
  send_open(from, found->second, after);
}

void Slot::on_opened(NodeId from, const replication::Opened& opened) {
  const auto found = peers_.find(from);
  if (found == peers_.end() || !opening_ || found->second.opened) return;
  // What it acknowledges from now on it must not forget unnoticed.
  if (!context_.marks.knows(from, opened.incarnation())) return;
  if (opened.has_lease())
    lent_[from] = {TimePoint{Duration(opened.lease().sent())}, opened.lease().incarnation()};
  auto& peer = found->second;
  peer.opened = true;
  peer.whole = opened.whole();
  peer.anew = opened.anew();
  peer.acknowledged = copy_.position().sequence;
  peer.waiting_since.reset();
  for (const auto& [node, other] : peers_) {
    if (!other.opened) return;
  }
  finish_opening();
}

/// What follows from it is for the plan: whoever lacks something gives way.
void Slot::on_refused(NodeId from, bool ahead) {
  const auto found = peers_.find(from);
  if (found == peers_.end() || !(opening_ || (opened_ && !ahead))) return;
  if (context_.settings.sabotage.ignore_refusal) return;
  settled_in_ = 0;
  found->second.refusal = ahead ? Refusal::ahead : Refusal::behind;
  unfit_ |= ahead;
  found->second.waiting_since.reset();
}

void Slot::finish_opening() {
  opening_ = false;
  opened_ = true;
  if (copy_.damaged() && !context_.settings.sabotage.serve_damaged) held_back_ = context_.clock.now();
  copy_.set_commit(copy_.position());
  committed_ = copy_.position();
  log(Level::debug, "slot.opened", {{"slot", id_}, {"epoch", row_.epoch}, {"sequence", committed_.sequence}});
  if (!writes_allowed()) fail_pending(Errc::unavailable);
  carry_pending();
  begin_service();
}

// --- the other copy

void Slot::on_open(NodeId from, replication::SlotMessage message) {
  const Epoch epoch = message.epoch();
  if (epoch < row_.epoch) return;
  // The map is on its way; or a lease binds this copy to another primary; or the two have yet to meet.
  const bool not_yet = epoch > row_.epoch || must_wait(from) || !context_.disk_checked ||
                       !context_.marks.knows(from, message.open().incarnation());
  if (not_yet) {
    open_stash_.emplace(from, std::move(message));
    return;
  }
  if (row_.primary != from || from == context_.self || !row_.holds(context_.self)) return;
  lease_asked_ = {TimePoint{Duration(message.open().sent())}, message.open().incarnation()};
  if (copy_.opened_epoch() == epoch) {
    // It was restarted, and has forgotten that it opened this epoch: then it has forgotten more.
    const bool again = copy_.opened_incarnation() != message.open().incarnation();
    if (again && !context_.settings.sabotage.resume) return refuse(from, true);
    if (open_on_disk_as_copy_) answer_opened();
    return;
  }
  const auto fill_after = std::chrono::milliseconds(message.open().fill_after_ms());
  if (!take_piece(from, std::move(message))) return;
  auto step = copy_.open(std::move(*incoming_));
  incoming_.reset();
  if (!step.ok) {
    log(Level::error, "slot.open_refused",
        {{"slot", id_}, {"epoch", epoch}, {"primary", from.brief()}, {"reason", step.reason}});
    return refuse(from, step.ahead);
  }
  unfit_ = false;  // it has what this primary has
  open_on_disk_as_copy_ = false;
  fill_from_ = context_.clock.now() + fill_after;
  whole_at_ = copy_.position().sequence;
  write(std::move(step.batch), [epoch, sequence = copy_.position().sequence](Slot& slot) {
    if (slot.row_.epoch != epoch) return;
    slot.open_on_disk_as_copy_ = true;
    slot.durable_ = sequence;
    slot.answer_opened();
  });
}

/// Keeps what has come of an opening, and asks for more; true when it is complete.
bool Slot::take_piece(NodeId from, replication::SlotMessage message) {
  auto& body = *message.mutable_open();
  if (!incoming_ || incoming_->epoch != message.epoch()) {
    incoming_ = Copy::Opening{.epoch = message.epoch(),
                              .primary = from,
                              .incarnation = body.incarnation(),
                              .commit = from_record(message.commit()),
                              .tail = from_record(body.tail()),
                              .log_base = body.log_base(),
                              .history = from_record(body.history()),
                              .entries = {},
                              .in_sync = row_.in_sync.contains(context_.self)};
  }
  auto& entries = incoming_->entries;
  Sequence last = entries.empty() ? incoming_->commit.sequence : entries.back().at.sequence;
  for (auto& record : *body.mutable_entries()) {
    if (record.at().sequence() != last + 1) continue;  // had before
    entries.push_back(from_record(std::move(record)));
    ++last;
  }
  if (last >= incoming_->tail.sequence) return true;
  auto ask = this->message();
  ask.mutable_open_more()->set_after(last);
  send(from, ask);
  return false;
}

void Slot::refuse(NodeId primary, bool ahead) {
  auto answer = message();
  answer.mutable_refused()->set_ahead(ahead);
  send(primary, answer);
}

void Slot::answer_opened() {
  auto answer = message();
  answer.mutable_opened()->set_whole(copy_.whole() && !copy_.damaged());
  answer.mutable_opened()->set_anew(!copy_.whole() && !copy_.complete_to());
  answer.mutable_opened()->set_incarnation(context_.marks.newest().start);
  if (lease_asked_ && context_.leases.lend(*row_.primary, lease_asked_->incarnation)) {
    auto& lease = *answer.mutable_opened()->mutable_lease();
    lease.set_sent(lease_asked_->at.since_boot.count());
    lease.set_incarnation(lease_asked_->incarnation);
  }
  send(*row_.primary, answer);
}

}  // namespace gridmail
