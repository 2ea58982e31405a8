#include "storage/replication/copy.hpp"

#include <algorithm>

namespace gridmail {
namespace {

constexpr std::size_t history_max = 128;

Bytes log_key(SlotId slot, char kind) {
  Bytes key;
  append_be32(key, slot);
  key.push_back(kind);
  return key;
}

Bytes log_key(SlotId slot, char kind, Sequence sequence) {
  Bytes key = log_key(slot, kind);
  append_be64(key, sequence);
  return key;
}

void put_or_remove(Batch& batch, Family family, const Bytes& key, const std::optional<Bytes>& value) {
  if (value) {
    batch.put(family, key, *value);
  } else {
    batch.remove(family, key);
  }
}

}  // namespace

Bytes copy_record_key(SlotId slot) {
  return log_key(slot, 'C');
}
Bytes log_entry_key(SlotId slot, Sequence sequence) {
  return log_key(slot, 'L', sequence);
}
Bytes undo_key(SlotId slot, Sequence sequence) {
  return log_key(slot, 'U', sequence);
}

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
  if (opening.in_sync && !blank() && !shared_known) {
    step.reason = "the primary lacks something that is known to be committed";
    return step;
  }
  if (opening.entries.size() != opening.tail.sequence - opening.commit.sequence) {
    step.reason = "the primary's tail is not complete";
    return step;
  }
  // The rest of a gap can be closed by the log only where this primary's reaches back to it.
  const bool lost_thread = !whole_ && fill_.delta() && fill_.next_sequence() <= opening.log_base;
  const bool gap = !shared_known || shared < opening.commit || lost_thread;
  if (gap && opening.in_sync && !(blank() && opening.commit == Position{})) {
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
  set_commit(std::min(opening.commit, position_));
  write_record(step.batch);
  step.ok = true;
  return step;
}

void Copy::begin_gap(const Opening& opening, Position shared, bool shared_known, Batch& batch) {
  std::optional<Position> complete;
  if (shared_known) complete = whole_ ? std::optional(shared) : complete_to_;
  const bool by_log = complete && complete->sequence >= opening.log_base;
  if (!by_log) {
    wipe(batch);
    complete.reset();
  }
  batch.remove_range(Family::log, log_entry_key(slot_, 0), log_key(slot_, 'L' + 1));
  batch.remove_range(Family::log, undo_key(slot_, 0), log_key(slot_, 'U' + 1));
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

Batch Copy::drop() {
  Batch batch;
  wipe(batch);
  batch.remove_range(Family::log, slot_begin(slot_), slot_begin(slot_ + 1));
  *this = Copy(slot_);
  return batch;
}

void Copy::write_log(const PlacedOperation& entry, bool with_undo, Batch& batch) {
  replication::LogEntry log;
  log.set_epoch(entry.at.epoch);
  for (const auto& write : entry.writes) {
    auto& key = *log.add_keys();
    key.set_family(static_cast<std::uint32_t>(write.family));
    key.set_key(write.key);
  }
  batch.put(Family::log, log_entry_key(slot_, entry.at.sequence), log.SerializeAsString());
  if (!with_undo) return;
  replication::Undo undo;
  for (const auto& write : entry.writes) {
    auto& record = *undo.add_writes();
    record.set_family(static_cast<std::uint32_t>(write.family));
    record.set_key(write.key);
    if (write.old) record.set_old(*write.old);
    record.set_final(write.final);
  }
  batch.put(Family::log, undo_key(slot_, entry.at.sequence), undo.SerializeAsString());
}

void Copy::write_record(Batch& batch) const {
  replication::CopyRecord record;
  record.set_opened_epoch(opened_epoch_);
  if (opened_primary_) record.set_opened_primary(opened_primary_->bytes());
  to_record(history_, *record.mutable_history());
  *record.mutable_base() = to_record(base_);
  record.set_whole(whole_);
  if (complete_to_) *record.mutable_complete_to() = to_record(*complete_to_);
  *record.mutable_from() = to_record(from_);
  *record.mutable_fill() = fill_;
  batch.put(Family::log, copy_record_key(slot_), record.SerializeAsString());
}

// --- loading

Task<Result<void>> Copy::load(Store& store) {
  const auto view = store.snapshot();
  const auto stored = co_await view->get(Family::log, copy_record_key(slot_));
  if (!stored) co_return tl::unexpected(stored.error());
  if (!*stored) co_return Result<void>{};
  replication::CopyRecord record;
  if (!record.ParseFromString(**stored)) co_return fail(Errc::corrupted, "copy record");
  opened_epoch_ = record.opened_epoch();
  opened_primary_ = NodeId::from_bytes(record.opened_primary());
  history_ = from_record(record.history());
  base_ = position_ = commit_ = from_record(record.base());
  whole_ = record.whole();
  if (record.has_complete_to()) complete_to_ = from_record(record.complete_to());
  from_ = from_record(record.from());
  fill_ = record.fill();

  const auto last = co_await view->last(Family::log, log_entry_key(slot_, 0), log_key(slot_, 'L' + 1));
  if (!last) co_return tl::unexpected(last.error());
  if (*last) {
    replication::LogEntry entry;
    if (!entry.ParseFromString((*last)->value)) co_return fail(Errc::corrupted, "log entry");
    position_ = {entry.epoch(), read_be64((*last)->key, 5)};
  }
  commit_ = position_;
  const auto tail = co_await load_tail(*view);
  if (!tail) co_return tail;
  undo_on_disk_ = commit_.sequence;
  if (!whole_) co_return co_await load_touched(*view);
  co_return Result<void>{};
}

Task<Result<void>> Copy::load_tail(const Snapshot& view) {
  const auto undos =
      co_await view.scan(Family::log, undo_key(slot_, 0), log_key(slot_, 'U' + 1), 1 << 20, 1 << 30);
  if (!undos) co_return tl::unexpected(undos.error());
  for (const auto& pair : undos->pairs) {
    const Sequence sequence = read_be64(pair.key, 5);
    replication::Undo undo;
    if (!undo.ParseFromString(pair.value)) co_return fail(Errc::corrupted, "undo record");
    PlacedOperation entry;
    const auto stored = co_await view.get(Family::log, log_entry_key(slot_, sequence));
    if (!stored) co_return tl::unexpected(stored.error());
    replication::LogEntry log;
    if (!*stored || !log.ParseFromString(**stored))
      co_return fail(Errc::corrupted, "undo record without log entry");
    entry.at = {log.epoch(), sequence};
    for (auto& write : *undo.mutable_writes()) entry.writes.push_back(from_record(std::move(write)));
    tail_.push_back(std::move(entry));
  }
  // What an entry made of a key is what the next one replaced, or what the key holds now.
  std::map<std::pair<Family, Bytes>, std::optional<Bytes>> later;
  for (auto entry = tail_.rbegin(); entry != tail_.rend(); ++entry) {
    for (auto write = entry->writes.rbegin(); write != entry->writes.rend(); ++write) {
      const std::pair place{write->family, write->key};
      if (const auto found = later.find(place); found != later.end()) {
        write->value = found->second;
      } else {
        auto value = co_await view.get(write->family, write->key);
        if (!value) co_return tl::unexpected(value.error());
        write->value = std::move(*value);
      }
      later[place] = write->old;
    }
  }
  if (!tail_.empty()) {
    const Sequence before = tail_.front().at.sequence - 1;
    commit_ = before == base_.sequence ? base_ : Position{epoch_of(before), before};
  }
  co_return Result<void>{};
}

Task<Result<void>> Copy::load_touched(const Snapshot& view) {
  Bytes next = log_entry_key(slot_, from_.sequence + 1);
  for (bool more = true; more;) {
    const auto page = co_await view.scan(Family::log, next, log_key(slot_, 'L' + 1), 1000, 1 << 20);
    if (!page) co_return tl::unexpected(page.error());
    for (const auto& pair : page->pairs) {
      replication::LogEntry entry;
      if (!entry.ParseFromString(pair.value)) co_return fail(Errc::corrupted, "log entry");
      for (const auto& key : entry.keys()) touched_.emplace(static_cast<Family>(key.family()), key.key());
      next = pair.key + '\0';
    }
    more = page->more;
  }
  co_return Result<void>{};
}

// --- records

replication::Place to_record(Position at) {
  replication::Place place;
  place.set_epoch(at.epoch);
  place.set_sequence(at.sequence);
  return place;
}
Position from_record(const replication::Place& place) {
  return {place.epoch(), place.sequence()};
}

void to_record(const SlotWrite& write, replication::Write& record) {
  record.set_family(static_cast<std::uint32_t>(write.family));
  record.set_key(write.key);
  if (write.value) record.set_value(*write.value);
  if (write.old) record.set_old(*write.old);
  record.set_final(write.final);
}

SlotWrite from_record(replication::Write&& record) {
  SlotWrite write;
  write.family = static_cast<Family>(record.family());
  write.key = std::move(*record.mutable_key());
  if (record.has_value()) write.value = std::move(*record.mutable_value());
  if (record.has_old()) write.old = std::move(*record.mutable_old());
  write.final = record.final();
  return write;
}

History from_record(const google::protobuf::RepeatedPtrField<replication::EpochStart>& starts) {
  History history;
  for (const auto& start : starts) history.emplace_back(start.epoch(), start.first());
  return history;
}

void to_record(const History& history, google::protobuf::RepeatedPtrField<replication::EpochStart>& starts) {
  for (const auto& [epoch, first] : history) {
    auto& start = *starts.Add();
    start.set_epoch(epoch);
    start.set_first(first);
  }
}

}  // namespace gridmail
