// The other copies' half of an opened epoch: acknowledging, closing the gap of a joining copy.
#include "gossip/placement/movement.hpp"
#include "storage/replication/slot.hpp"

namespace gridmail {

void Slot::on_entry(NodeId, replication::Entry record) {
  if (!open_on_disk_as_copy_) return;
  const Position at = from_record(record.at());
  const Sequence last = copy_.position().sequence;
  if (at.sequence <= last) {
    if (at.sequence <= durable_) acknowledge();
    return;
  }
  // One before it is missing, or the disk has enough to do: the primary sends it again.
  if (at.sequence != last + 1 || context_.is_behind()) return;
  Batch batch = copy_.append(from_record(std::move(record)), true);
  batch.append(trim_log());
  write(std::move(batch), [epoch = row_.epoch, sequence = at.sequence](Slot& slot) {
    if (slot.row_.epoch != epoch) return;
    slot.durable_ = sequence;
    slot.acknowledge();
  });
}

void Slot::acknowledge(bool resumed) {
  auto answer = message();
  answer.mutable_acknowledge()->set_sequence(durable_);
  answer.mutable_acknowledge()->set_resumed(resumed);
  send(*row_.primary, answer);
}

void Slot::on_commit(Position commit) {
  copy_.set_commit(commit);
}

void Slot::copy_tick() {
  if ((is_lost() || is_suspect()) && context_.disk_checked) return tell_that_lost();
  if (copy_.opened_epoch() != row_.epoch) return tell_that_unopened();
  if (resumed_until_) tell_that_resumed();
  if (!open_on_disk_as_copy_ || !row_.joining.contains(context_.self)) return;
  const auto now = context_.clock.now();
  const bool answered = !fill_asked_ || now - *fill_asked_ >= std::chrono::seconds(1);
  if (!answered) return;
  if (!copy_.whole() && !context_.settings.sabotage.early_whole) {
    if (!fill_from_ || now < *fill_from_ || !may_fill(*map_, row_)) return;
    if (!has_room_to_fill()) return tell_that_no_room();
    if (!fill_counted_) {
      if (!context_.fill_budget.begin(id_, row_.in_sync.size() == 1, now)) return;
      fill_counted_ = true;
    }
    ask_for_fill();
    return;
  }
  if (copy_.damaged()) return tell_that_damaged();
  // In sync once all that it had received when it became whole is known to be committed.
  if (copy_.commit().sequence < whole_at_) return;
  fill_asked_ = now;
  auto tell = message();
  tell.mutable_complete()->set_sequence(copy_.commit().sequence);
  send(*row_.primary, tell);
}

/// A primary that writes nothing would not notice what a disk has forgotten.
void Slot::tell_that_resumed() {
  const auto now = context_.clock.now();
  if (now >= *resumed_until_) return resumed_until_.reset();
  if (told_resumed_ && now - *told_resumed_ < std::chrono::seconds(1)) return;
  told_resumed_ = now;
  acknowledge(true);
}

/// The primary may believe that this copy takes part, as it did before an old disk was put back. While the
/// primary is opening, this means nothing to it.
void Slot::tell_that_unopened() {
  const auto now = context_.clock.now();
  if (told_resumed_ && now - *told_resumed_ < std::chrono::seconds(1)) return;
  const bool just_taken = !told_resumed_;
  told_resumed_ = now;
  if (just_taken) return;  // its opening is on the way
  auto tell = message();
  tell.mutable_acknowledge()->set_unopened(true);
  send(*row_.primary, tell);
}

/// The map believes this copy to be in sync, and nothing is here, or its end may be missing. So it joins
/// again.
void Slot::tell_that_lost() {
  const auto now = context_.clock.now();
  if (fill_asked_ && now - *fill_asked_ < std::chrono::seconds(1)) return;
  fill_asked_ = now;
  refuse(*row_.primary, false);
}

/// All that a copy lacks stays out of the reserve. What was missed meanwhile, by one that was away, may take
/// half of that: else nothing could be restarted in a grid whose disks are full.
bool Slot::has_room_to_fill() const {
  return copy_.fill().delta() ? !context_.very_low_space() : !context_.low_space();
}

/// The primary may know another node that has room. Others here, that can be filled, have their turn.
void Slot::tell_that_no_room() {
  fill_asked_ = context_.clock.now();
  if (fill_counted_) {
    fill_counted_ = false;
    context_.fill_budget.end();
  }
  auto tell = message();
  tell.mutable_no_room();
  send(*row_.primary, tell);
}

void Slot::ask_for_fill() {
  fill_asked_ = context_.clock.now();
  auto ask = message();
  *ask.mutable_fill_request()->mutable_at() = copy_.fill();
  send(*row_.primary, ask);
}

void Slot::on_fill_chunk(replication::FillChunk chunk) {
  if (copy_.whole() || !fill_asked_ || !open_on_disk_as_copy_ || context_.is_behind()) return;
  if (chunk.at().SerializeAsString() != copy_.fill().SerializeAsString())
    return;  // an answer to an earlier question
  std::vector<SlotWrite> pieces;
  pieces.reserve(static_cast<std::size_t>(chunk.writes_size()));
  for (auto& write : *chunk.mutable_writes()) pieces.push_back(from_record(std::move(write)));
  fill_asked_ = context_.clock.now();
  write(copy_.fill_in(std::move(pieces), std::move(*chunk.mutable_next())), [epoch = row_.epoch](Slot& slot) {
    if (slot.row_.epoch != epoch) return;
    if (!slot.copy_.whole()) {
      const bool goes_on = slot.fill_counted_ && slot.has_room_to_fill();
      if (goes_on && may_fill(*slot.map_, slot.row_)) slot.ask_for_fill();
      return;
    }
    slot.whole_at_ = slot.copy_.position().sequence;
    slot.fill_asked_.reset();
    if (slot.fill_counted_) {
      slot.fill_counted_ = false;
      slot.context_.fill_budget.end();
    }
  });
}

}  // namespace gridmail
