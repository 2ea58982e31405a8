#include "storage/replication/copy.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gridmail {
namespace {

constexpr std::size_t history_max = 128;

void put_or_remove(Batch& batch, Family family, const Bytes& key, const std::optional<Bytes>& value) {
  if (value) {
    batch.put(family, key, *value);
  } else {
    batch.remove(family, key);
  }
}

}  // namespace

bool contains(const History& history, Position last, Position at) {
  if (at == Position{}) return true;
  if (at > last) return false;
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (history[i].first != at.epoch) continue;
    const bool before_next = i + 1 == history.size() || at.sequence < history[i + 1].second;
    return at.sequence >= history[i].second && before_next;
  }
  return false;
}

bool excludes(const History& history, Position last, Position at) {
  if (contains(history, last, at)) return false;
  const bool before_what_is_known =
      !history.empty() && at.epoch < history.front().first && at.sequence < history.front().second;
  return !before_what_is_known;
}

std::size_t PlacedOperation::bytes() const {
  std::size_t sum = 0;
  for (const auto& write : writes) {
    sum += write.key.size() + (write.value ? write.value->size() : 0) + (write.old ? write.old->size() : 0);
  }
  return sum;
}

const SlotWrite* Copy::touched_after(Sequence sequence, Family family, BytesView key) const {
  for (const auto& entry : tail_) {
    if (entry.at.sequence <= sequence) continue;
    for (const auto& write : entry.writes) {
      if (write.family == family && write.key == key) return &write;
    }
  }
  return nullptr;
}

Epoch Copy::epoch_of(Sequence sequence) const {
  Epoch epoch = 0;
  for (const auto& [e, first] : history_) {
    if (first > sequence) break;
    epoch = e;
  }
  return epoch;
}

// --- steps

Batch Copy::open_as_primary(Epoch epoch, NodeId self) {
  opened_epoch_ = epoch;
  opened_primary_ = self;
  // Epochs that ended without an entry are left out: nothing has a position in them.
  while (!history_.empty() && history_.back().second > position_.sequence) history_.pop_back();
  history_.emplace_back(epoch, position_.sequence + 1);
  if (history_.size() > history_max) history_.erase(history_.begin());
  Batch batch;
  write_record(batch);
  return batch;
}

Copy::OpenStep Copy::open(Opening opening) {
  OpenStep step;
  // The last position this log shares with the primary's: everything known to be committed must be in it.
  Position shared = commit_;
  bool shared_known = !blank() && contains(opening.history, opening.tail, commit_);
  if (shared_known) {
    for (const auto& entry : tail_) {
      if (contains(opening.history, opening.tail, entry.at)) shared = entry.at;
    }
  }
  // A damaged log may be wrong about what was committed; it is asked while nobody may be in sync without it.
  const bool knows = !blank() && (!damaged_ || opening.in_sync);
  if (knows && excludes(opening.history, opening.tail, commit_)) {
    step.ahead = true;
    step.reason = "the primary lacks something that is known to be committed";
    return step;
  }
  if (opening.entries.size() != opening.tail.sequence - opening.commit.sequence) {
    step.reason = fmt::format("the primary's tail is not complete: {} entries after {}/{} up to {}/{}",
                              opening.entries.size(), opening.commit.epoch, opening.commit.sequence,
                              opening.tail.epoch, opening.tail.sequence);
    return step;
  }
  // The rest of a gap can be closed by the log only where this primary's reaches back to it.
  const bool lost_thread = !whole_ && fill_.delta() && fill_.next_sequence() <= opening.log_base;
  const bool gap = !shared_known || shared < opening.commit || lost_thread;
  if ((gap || damaged_) && opening.in_sync && !(blank() && opening.commit == Position{})) {
    step.reason = "this copy is in sync and lacks something committed";
    return step;
  }
  if (shared_known && !take_back_to(shared, step.batch)) {
    step.reason = "an entry known to be committed would be taken back";
    return step;
  }
  if (gap) begin_gap(opening, shared, shared_known, step.batch);
  for (auto& entry : opening.entries) {
    if (entry.at <= position_) continue;
    step.batch.append(append(std::move(entry), true));
  }
  position_ = opening.tail;
  history_ = std::move(opening.history);
  if (history_.size() > history_max) history_.erase(history_.begin());
  opened_epoch_ = opening.epoch;
  opened_primary_ = opening.primary;
  opened_incarnation_ = opening.incarnation;
  doubts_ = disk_doubts_;  // it has what the primary has
  set_commit(std::min(opening.commit, position_));
  write_record(step.batch);
  step.ok = true;
  return step;
}

void Copy::begin_gap(const Opening& opening, Position shared, bool shared_known, Batch& batch) {
  std::optional<Position> complete;
  if (shared_known) complete = whole_ ? std::optional(shared) : complete_to_;
  // What a damaged copy still holds may be all there is of it, once the primary has read its own records.
  const bool by_log = complete && complete->sequence >= opening.log_base;
  if (!by_log) {
    wipe(batch);
    complete.reset();
  }
  batch.remove_range(Family::log, log_entry_key(slot_, 0), log_end(slot_));
  batch.remove_range(Family::log, undo_key(slot_, 0), undo_end(slot_));
  disowned_ = false;
  tail_.clear();
  touched_.clear();
  complete_to_ = complete;
  from_ = base_ = position_ = commit_ = opening.commit;
  undo_on_disk_ = commit_.sequence;
  // A slot that was never written to has no gap.
  whole_ = opening.commit == Position{};
  fill_.Clear();
  if (by_log) {
    fill_.set_delta(true);
    fill_.set_next_sequence(complete->sequence + 1);
    fill_.set_last_sequence(from_.sequence);
  }
}

void Copy::wipe(Batch& batch) {
  batch.remove_range(Family::meta, slot_begin(slot_), slot_begin(slot_ + 1));
  batch.remove_range(Family::body, slot_begin(slot_), slot_begin(slot_ + 1));
  batch.remove(Family::node, lost_key(slot_));
  damaged_ = false;
  lost_.reset();
}

bool Copy::take_back_to(Position shared, Batch& batch) {
  while (!tail_.empty() && tail_.back().at > shared) {
    const auto& entry = tail_.back();
    if (entry.at <= commit_) return false;
    for (auto write = entry.writes.rbegin(); write != entry.writes.rend(); ++write) {
      if (!write->final) put_or_remove(batch, write->family, write->key, write->old);
    }
    batch.remove(Family::log, log_entry_key(slot_, entry.at.sequence));
    batch.remove(Family::log, undo_key(slot_, entry.at.sequence));
    tail_.pop_back();
  }
  if (position_ > shared) position_ = shared;
  return true;
}

Batch Copy::append(PlacedOperation entry, bool with_undo) {
  GRIDMAIL_ASSERT(entry.at.sequence == position_.sequence + 1);
  Batch batch;
  for (const auto& write : entry.writes) {
    put_or_remove(batch, write.family, write.key, write.value);
    if (!whole_) touched_.emplace(write.family, write.key);
  }
  write_log(entry, with_undo, batch);
  drop_undo(batch);
  position_ = entry.at;
  if (with_undo) {
    tail_.push_back(std::move(entry));
  } else {
    commit_ = position_;
    undo_on_disk_ = position_.sequence;
  }
  return batch;
}

void Copy::set_commit(Position at) {
  if (at <= commit_) return;
  commit_ = std::min(at, position_);
  while (!tail_.empty() && tail_.front().at <= commit_) tail_.pop_front();
}

void Copy::drop_undo(Batch& batch) {
  for (; undo_on_disk_ < commit_.sequence; ++undo_on_disk_)
    batch.remove(Family::log, undo_key(slot_, undo_on_disk_ + 1));
}

Batch Copy::trim(std::size_t keep) {
  Batch batch;
  const Sequence held = commit_.sequence - base_.sequence;
  if (commit_.sequence <= base_.sequence || held < keep + keep / 4) return batch;
  const Sequence last_cut = commit_.sequence - keep;
  batch.remove_range(Family::log, log_entry_key(slot_, 0), log_entry_key(slot_, last_cut + 1));
  base_ = {epoch_of(last_cut), last_cut};
  write_record(batch);
  return batch;
}

Batch Copy::fill_in(std::vector<SlotWrite> pieces, replication::Fill next) {
  Batch batch;
  for (const auto& piece : pieces) {
    if (!touched_.contains({piece.family, piece.key}))
      put_or_remove(batch, piece.family, piece.key, piece.value);
  }
  fill_ = std::move(next);
  if (fill_.done()) {
    whole_ = true;
    complete_to_.reset();
    touched_.clear();
  }
  write_record(batch);
  return batch;
}

Batch Copy::rewrite() const {
  Batch batch;
  if (!blank()) write_record(batch);
  return batch;
}

Batch Copy::declare_whole(Epoch epoch) {
  whole_ = true;
  complete_to_.reset();
  fill_.Clear();
  touched_.clear();
  opened_epoch_ = epoch;
  opened_primary_.reset();
  doubts_ = disk_doubts_;
  if (position_ == Position{}) {  // data without a log: from here on it has a position to be copied from
    base_ = position_ = commit_ = {epoch, 1};
    history_ = {{epoch, 1}};
  }
  return rewrite();
}

Batch Copy::mended() {
  damaged_ = false;
  lost_.reset();
  Batch batch;
  batch.remove(Family::node, lost_key(slot_));
  return batch;
}

Batch Copy::settle() {
  damaged_ = false;
  lost_->append(lost_for_good);
  Batch batch;
  batch.put(Family::node, lost_key(slot_), *lost_);
  return batch;
}

Batch Copy::drop() {
  Batch batch;
  wipe(batch);
  batch.remove_range(Family::log, slot_begin(slot_), slot_begin(slot_ + 1));
  *this = Copy(slot_, life_, disk_doubts_);
  return batch;
}

void Copy::disown(std::uint64_t life) {
  *this = Copy(slot_, life, disk_doubts_);
  disowned_ = true;
}

}  // namespace gridmail
