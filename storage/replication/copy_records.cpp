// A copy's records: how its state lies on disk, and how it is found again after a start.
#include "storage/replication/copy.hpp"

namespace gridmail {
namespace {

constexpr std::size_t log_key_bytes = 13;

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
Bytes log_end(SlotId slot) {
  return log_key(slot, 'L' + 1);
}
Bytes undo_end(SlotId slot) {
  return log_key(slot, 'U' + 1);
}

// --- writing

void Copy::write_log(const PlacedOperation& entry, bool with_undo, Batch& batch) {
  replication::LogEntry log;
  log.set_epoch(entry.at.epoch);
  for (const auto& write : entry.writes) {
    auto& key = *log.add_keys();
    key.set_family(static_cast<std::uint32_t>(write.family));
    key.set_key(write.key);
  }
  Bytes record = log.SerializeAsString();
  log_entry_bytes_ = (log_entry_bytes_ * 63 + record.size() + log_key_bytes) / 64 + 1;
  batch.put(Family::log, log_entry_key(slot_, entry.at.sequence), std::move(record));
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
  record.set_opened_incarnation(opened_incarnation_);
  record.set_life(life_);
  record.set_doubts(doubts_);
  record.set_whole(whole_);
  if (complete_to_) *record.mutable_complete_to() = to_record(*complete_to_);
  *record.mutable_from() = to_record(from_);
  *record.mutable_fill() = fill_;
  batch.put(Family::log, copy_record_key(slot_), record.SerializeAsString());
}

// --- loading

Task<Result<void>> Copy::load(Store& store) {
  const auto view = store.snapshot();
  const auto lost = co_await view->get(Family::node, lost_key(slot_));
  if (!lost) co_return tl::unexpected(lost.error());
  auto read = co_await load_record(*view);
  if (!*lost) co_return read;
  if (read) {
    damaged_ = !blank() && !(*lost)->ends_with(lost_for_good);
    if (!blank()) lost_ = *lost;
  } else if (read.error().code == Errc::corrupted) {  // its log has holes as well
    disown(life_);
    read = {};
  }
  co_return read;
}

Task<Result<void>> Copy::load_record(const Snapshot& view_of_disk) {
  const auto* const view = &view_of_disk;
  const auto stored = co_await view->get(Family::log, copy_record_key(slot_));
  if (!stored) co_return tl::unexpected(stored.error());
  if (!*stored) co_return Result<void>{};
  replication::CopyRecord record;
  if (!record.ParseFromString(**stored)) co_return fail(Errc::corrupted, "copy record");
  if (record.life() < life_) {
    disown(life_);
    co_return Result<void>{};
  }
  doubts_ = record.doubts();
  opened_incarnation_ = record.opened_incarnation();
  opened_epoch_ = record.opened_epoch();
  opened_primary_ = NodeId::from_bytes(record.opened_primary());
  history_ = from_record(record.history());
  base_ = position_ = commit_ = from_record(record.base());
  whole_ = record.whole();
  if (record.has_complete_to()) complete_to_ = from_record(record.complete_to());
  from_ = from_record(record.from());
  fill_ = record.fill();

  const auto last = co_await view->last(Family::log, log_entry_key(slot_, 0), log_end(slot_));
  if (!last) co_return tl::unexpected(last.error());
  if (*last) {
    replication::LogEntry entry;
    if (!entry.ParseFromString((*last)->value)) co_return fail(Errc::corrupted, "log entry");
    position_ = {entry.epoch(), read_be64((*last)->key, 5)};
  }
  commit_ = position_;
  if (position_ != base_) {  // else the log is empty, and so is its tail
    const auto tail = co_await load_tail(*view);
    if (!tail) co_return tail;
  }
  undo_on_disk_ = commit_.sequence;
  if (!whole_) co_return co_await load_touched(*view);
  co_return Result<void>{};
}

Task<Result<void>> Copy::load_tail(const Snapshot& view) {
  const auto undos = co_await view.scan(Family::log, undo_key(slot_, 0), undo_end(slot_), 1 << 20, 1 << 30);
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
    const auto page = co_await view.scan(Family::log, next, log_end(slot_), 1000, 1 << 20);
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

void to_record(const PlacedOperation& entry, replication::Entry& record) {
  *record.mutable_at() = to_record(entry.at);
  for (const auto& write : entry.writes) to_record(write, *record.add_writes());
}

PlacedOperation from_record(replication::Entry&& record) {
  PlacedOperation entry{from_record(record.at()), {}};
  entry.writes.reserve(static_cast<std::size_t>(record.writes_size()));
  for (auto& write : *record.mutable_writes()) entry.writes.push_back(from_record(std::move(write)));
  return entry;
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
