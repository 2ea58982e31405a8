#include "storage/replication/scrub.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>

#include "node/base/log.hpp"
#include "node/runtime/timer.hpp"
#include "storage/replication/slot_comparison.hpp"

namespace gridmail {
namespace {

using namespace std::chrono_literals;

constexpr char area = 's';
constexpr unsigned failures_max = 20;  // in a row, of a slot: then the next pass goes on with it
constexpr Duration try_again = 1s;
constexpr Duration count_losses_every = 5s;
constexpr Duration look_again = 20ms;
constexpr std::size_t mended_shown = 20;
constexpr std::size_t read_keys = 1024;
constexpr std::size_t read_bytes = 1024 * 1024;

Bytes record_key(SlotId slot) {
  return slot_key(slot, area, {});
}

Family family_of(const replication::ScrubRecord& record) {
  return static_cast<Family>(record.family());
}

}  // namespace

/// How far the scrub of one slot is, as its record says.
struct Scrub::Progress {
  explicit Progress(SlotAccessPtr a) : access(std::move(a)) {}
  [[nodiscard]] Task<Result<void>> load();
  [[nodiscard]] Task<Result<void>> keep();

  const SlotAccessPtr access;
  replication::ScrubRecord record;
  std::optional<Bytes> stored;
};

Task<Result<void>> Scrub::Progress::load() {
  auto value = co_await access->snapshot()->get(Family::meta, record_key(access->slot()));
  if (!value) co_return tl::unexpected(value.error());
  stored = std::move(*value);
  if (stored && !record.ParseFromString(*stored)) co_return fail(Errc::corrupted, "scrub record");
  co_return Result<void>{};
}

/// Nobody else writes it.
Task<Result<void>> Scrub::Progress::keep() {
  const Bytes value = record.SerializeAsString();
  Operation operation;
  operation.writes.push_back({Family::meta, record_key(access->slot()), value, stored, false});
  auto done = co_await access->commit(std::move(operation));
  if (done) stored = value;
  co_return done;
}

Task<void> Scrub::run(Scrub* self) {
  for (;;) {
    const auto pause = self->asked_for_ ? try_again : self->context_.settings.scrub.look_every;
    const auto next = self->context_.clock.now() + pause;
    (void)co_await before(self->context_.clock, next, self->woken_);
    self->woken_->reset();
    const auto map = self->table_.map();
    if (!map) continue;
    co_await self->pass(*map);
    const auto due = self->count_due();
    if (!self->woken_->is_set() && due.all == due.waiting) self->asked_for_ = false;
  }
}

/// First all are looked at: how much there is says how fast it must go.
Task<void> Scrub::pass(const Map& map) {
  std::vector<SlotId> own;
  for (SlotId id = 0; id < map.rows.size(); ++id) {
    if (map.rows[id].primary == context_.self) own.push_back(id);
  }
  {
    const std::lock_guard lock(mutex_);
    book_.keep_only(own);
  }
  for (const SlotId id : own) {
    co_await asio::co_spawn(table_.strand_of(id), look_at(this, id, false), asio::use_awaitable);
  }
  for (const SlotId id : own) {
    if (!may_be_due(id)) continue;
    co_await asio::co_spawn(table_.strand_of(id), look_at(this, id, true), asio::use_awaitable);
  }
  co_await read_all(Family::meta, replica_);
}

Task<void> Scrub::count_losses(Scrub* self) {
  for (;;) {
    const auto view = self->context_.store.snapshot();
    const auto lost =
        co_await view->scan(Family::node, lost_key(0), lost_key(UINT32_MAX), SIZE_MAX, SIZE_MAX);
    std::uint32_t count = 0;
    Batch gone;
    if (lost) {
      for (const auto& pair : lost->pairs) {
        const SlotId slot = read_be32(pair.key, pair.key.size() - sizeof(SlotId));
        if (self->is_here(slot)) {
          ++count;
          continue;
        }
        const auto held = co_await view->get(Family::log, copy_record_key(slot));
        if (held && !*held) gone.remove(Family::node, pair.key);  // it had nothing of that slot
      }
    }
    if (!gone.empty()) {
      const auto removed = co_await self->context_.store.commit(std::move(gone));
      if (!removed) co_return;  // the node stops
    }
    {
      const std::lock_guard lock(self->mutex_);
      self->report_.lost_slots = count;
    }
    co_await sleep_for(self->context_.clock, count_losses_every);
  }
}

// --- mending

void Scrub::mend(SlotId slot) {
  const std::lock_guard lock(mutex_);
  if (to_mend_.insert(slot).second) has_to_mend_->set();
}

bool Scrub::is_mending(SlotId slot) const {
  const std::lock_guard lock(mutex_);
  return to_mend_.contains(slot);
}

Task<void> Scrub::mend_copies(Scrub* self) {
  for (;;) {
    co_await self->has_to_mend_->wait();
    self->has_to_mend_->reset();
    for (;;) {
      std::optional<SlotId> next;
      {
        const std::lock_guard lock(self->mutex_);
        if (!self->to_mend_.empty()) next = *self->to_mend_.begin();
      }
      if (!next) break;
      if (self->table_.map())
        co_await asio::co_spawn(self->table_.strand_of(*next), mend_copy(self, *next), asio::use_awaitable);
      const std::lock_guard lock(self->mutex_);
      self->to_mend_.erase(*next);
    }
  }
}

/// From beginning to end, or until the role or one of the copies goes.
Task<void> Scrub::mend_copy(Scrub* self, SlotId id) {
  const auto slot = self->table_.find(id);
  while (self->report().slot == id) co_await sleep_for(self->context_.clock, look_again);  // it gives way
  const auto access = slot ? slot->access_to_mend() : nullptr;
  if (!access || !slot->must_mend()) co_return;
  log(Level::info, "scrub.mends", {{"slot", id}});
  const auto mending = slot->begin_mending();
  if (self->context_.settings.sabotage.no_mending) co_return slot->end_mending(mending);
  SlotComparison comparison(slot, self->context_);
  unsigned failures = 0;
  Bytes next;
  for (Family family = Family::meta;;) {
    const auto piece = co_await comparison.compare(family, next);
    if (slot->access_to_mend() != access || !slot->can_go_on(mending)) co_return;
    if (!piece) {
      if (piece.error().code != Errc::unavailable || ++failures >= failures_max) co_return;
      co_await sleep_for(self->context_.clock, try_again);
      continue;
    }
    failures = 0;
    self->note(id, piece->keys, piece->bytes, piece->mended);
    next = piece->next.value_or(Bytes());
    if (!piece->next && family == Family::body) break;
    if (!piece->next) family = Family::body;
    co_await self->pause_after_mending(piece->bytes);
    if (slot->access_to_mend() != access) co_return;
  }
  slot->end_mending(mending);
}

Task<void> Scrub::pause_after_mending(std::size_t bytes) {
  const auto& settings = context_.settings.scrub;
  const bool busy = context_.fill_budget.yields(context_.clock.now());
  const double seconds = static_cast<double>(bytes) / (busy ? settings.rate : settings.mend_rate);
  co_await sleep_for(context_.clock,
                     std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)));
}

/// As far as the map here knows.
bool Scrub::is_here(SlotId slot) const {
  const auto map = table_.map();
  if (!map || slot == replica_) return true;
  if (slot >= map->rows.size()) return false;
  const auto& row = map->rows[slot];
  return row.holds(context_.self) || row.retired.contains(context_.self) ||
         row.partial.contains(context_.self);
}

Task<void> Scrub::look_at(Scrub* self, SlotId id, bool scrub_it) {
  const auto slot = self->table_.find(id);
  const auto access = slot ? slot->access() : nullptr;
  if (!access) co_return;
  Progress progress(access);
  const auto loaded = co_await progress.load();
  if (!loaded) co_return;
  bool waits = false;
  if (scrub_it && self->is_due(progress.record.finished())) {
    self->note_under_way(id);
    waits = co_await self->go_through(slot, progress);
    self->note_under_way({});
  }
  const std::lock_guard lock(self->mutex_);
  self->book_.note(id, progress.record);
  if (scrub_it) self->book_.note_others(id, waits);
}

/// From where the record says to the slot's end, or until the role ends. Whether it stopped for want of other
/// copies.
Task<bool> Scrub::go_through(std::shared_ptr<Slot> slot, Progress& progress) {
  SlotComparison comparison(slot, context_);
  auto& record = progress.record;
  auto kept_at = context_.clock.now();
  unsigned failures = 0;
  if (record.finished() == 0 && record.begun() == 0) {
    record.set_begun(context_.clock.wall());
    const auto kept = co_await progress.keep();
    if (!kept) co_return false;
  }
  for (;;) {
    if (is_mending(slot->id())) co_return false;  // one after the other
    if (lacks_others(*slot)) co_return true;
    const auto piece = co_await comparison.compare(family_of(record), record.next_key());
    if (!piece) {
      const bool again = piece.error().code == Errc::unavailable && ++failures < failures_max;
      if (!again) co_return false;
      co_await sleep_for(context_.clock, try_again);
      continue;
    }
    failures = 0;
    note(slot->id(), piece->keys, piece->bytes, piece->mended);
    record.set_next_key(piece->next.value_or(Bytes()));
    record.set_read(record.read() + piece->bytes);
    if (!piece->next && family_of(record) == Family::body) break;
    if (!piece->next) record.set_family(static_cast<std::uint32_t>(Family::body));
    co_await pause_after(piece->bytes);
    if (context_.clock.now() - kept_at < context_.settings.scrub.keep_every) continue;
    kept_at = context_.clock.now();
    const auto kept = co_await progress.keep();
    if (!kept) co_return false;
  }
  co_await read_all(Family::log, slot->id());
  const auto before = record;
  record.Clear();
  record.set_bytes(before.read());
  record.set_finished(context_.clock.wall());
  const auto kept = co_await progress.keep();
  if (!kept) {
    record = before;
    co_return false;
  }
  log(Level::debug, "scrub.slot_done", {{"slot", slot->id()}});
  co_return false;
}

/// Read alone it would count as compared, and would be left alone for a whole round.
bool Scrub::lacks_others(const Slot& slot) const {
  const auto map = table_.map();
  const auto copies = std::min<std::size_t>(map->settings.copies, map->storing_members());
  return copies > 1 && slot.others_to_compare().empty();
}

/// For the sake of the checksums only: nobody else has the same.
Task<void> Scrub::read_all(Family family, SlotId slot) {
  Bytes next = slot_begin(slot);
  for (;;) {
    const auto view = context_.store.snapshot();
    const auto page = co_await view->scan(family, next, slot_begin(slot + 1), read_keys, read_bytes);
    if (!page || page->pairs.empty()) co_return;
    std::size_t bytes = 0;
    for (const auto& pair : page->pairs) bytes += pair.key.size() + pair.value.size();
    if (!page->more) co_return;
    next = page->pairs.back().key + '\0';
    co_await pause_after(bytes);
  }
}

Task<void> Scrub::pause_after(std::size_t bytes) {
  const auto& settings = context_.settings.scrub;
  const bool busy = context_.fill_budget.yields(context_.clock.now());
  double rate = busy && !asked_for_ ? settings.busy_rate : settings.rate;
  {
    const std::lock_guard lock(mutex_);
    rate = std::max(rate, book_.rate_needed(round()));
  }
  const double seconds = static_cast<double>(bytes) / rate;
  co_await sleep_for(context_.clock,
                     std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)));
}

/// Zero: there are none. The map is there whenever a slot is.
Duration Scrub::round() const {
  return table_.map()->settings.scrub_days * context_.settings.scrub.day;
}

/// A clock that was set back must not stop it.
bool Scrub::is_due(WallMicros finished) const {
  const auto now = context_.clock.wall();
  if (due_before_ > 0 && finished <= due_before_) return true;
  if (round() == Duration::zero()) return false;
  return finished == 0 || finished > now || now - finished >= to_micros(round());
}

/// Or nothing is known of it.
bool Scrub::may_be_due(SlotId slot) const {
  const std::lock_guard lock(mutex_);
  const auto seen = book_.slots().find(slot);
  return seen == book_.slots().end() || is_due(seen->second.finished);
}

Scrub::Due Scrub::count_due() const {
  const std::lock_guard lock(mutex_);
  Due due;
  for (const auto& [slot, seen] : book_.slots()) {
    if (!is_due(seen.finished)) continue;
    ++due.all;
    due.waiting += seen.lacks_others ? 1 : 0;
  }
  return due;
}

void Scrub::note(SlotId slot, std::size_t keys, std::size_t bytes, const std::vector<Bytes>& mended) {
  const std::lock_guard lock(mutex_);
  report_.keys += keys;
  report_.bytes += bytes;
  report_.mended += mended.size();
  auto& shown = report_.last_mended;
  for (const auto& key : mended) shown.push_back({slot, key, context_.clock.wall()});
  if (shown.size() > mended_shown)
    shown.erase(shown.begin(), shown.end() - static_cast<std::ptrdiff_t>(mended_shown));
}

void Scrub::note_under_way(std::optional<SlotId> slot) {
  const std::lock_guard lock(mutex_);
  report_.slot = slot;
}

void Scrub::begin_round() {
  due_before_ = context_.clock.wall();
  asked_for_ = true;
  woken_->set();
}

ScrubReport Scrub::report() const {
  const auto due = count_due();
  const std::lock_guard lock(mutex_);
  auto report = report_;
  const bool asked_for = asked_for_;
  report.slots_due = std::max<std::size_t>(due.all, asked_for ? 1 : 0);
  report.slots_waiting = asked_for ? 0 : due.waiting;
  report.oldest = book_.oldest();
  report.unread_since = book_.unread_since();
  return report;
}

}  // namespace gridmail
