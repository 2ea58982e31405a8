// The primary's half: opening an epoch, ordering and committing, handing a joining copy what it lacks.
#include <asio/post.hpp>

#include "gossip/message_kind.hpp"
#include "node/base/log.hpp"
#include "storage/replication/slot.hpp"

namespace gridmail {
namespace {

constexpr std::size_t resend_max = 64;  // entries sent again at once to one copy
constexpr std::size_t fill_keys_max = 4096;
constexpr auto tell_again = std::chrono::seconds(1);  // the commit position, to a joining copy

Family next_family(Family family) {
  return family == Family::meta ? Family::body : Family::meta;
}

using gridmail::to_record;

void to_record(const PlacedOperation& entry, replication::Entry& record) {
  *record.mutable_at() = to_record(entry.at);
  for (const auto& write : entry.writes) to_record(write, *record.add_writes());
}

}  // namespace

// --- opening

void Slot::try_open() {
  if (!loaded_ || opening_ || opened_ || row_.primary != context_.self) return;
  if (restarted_epoch_ == row_.epoch || must_wait(context_.self)) return;
  opening_ = true;
  const Epoch epoch = row_.epoch;
  write(copy_.open_as_primary(epoch, context_.self), [epoch](Slot& slot) {
    if (slot.row_.epoch != epoch || !slot.opening_) return;
    for (const auto& node : slot.row_.others()) slot.send_open(node, slot.peers_[node]);
    if (slot.peers_.empty()) slot.finish_opening();
  });
}

void Slot::send_open(NodeId to, Peer& peer) {
  const auto now = context_.clock.now();
  peer.sent = now;
  if (!peer.waiting_since) peer.waiting_since = now;
  auto open = message();
  *open.mutable_commit() = to_record(copy_.commit());
  auto& body = *open.mutable_open();
  *body.mutable_tail() = to_record(copy_.position());
  to_record(copy_.history(), *body.mutable_history());
  body.set_log_base(copy_.base().sequence);
  for (const auto& entry : copy_.tail()) {
    to_record(entry, *body.add_entries());
  }
  if (lost_since_) {
    const auto left = *lost_since_ + context_.settings.fill_delay - now;
    body.set_fill_after_ms(static_cast<std::uint32_t>(
        std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::milliseconds>(left).count())));
  }
  send(to, open);
}

void Slot::on_opened(NodeId from, bool whole) {
  const auto found = peers_.find(from);
  if (found == peers_.end() || !opening_ || found->second.opened) return;
  auto& peer = found->second;
  peer.opened = true;
  peer.whole = whole;
  peer.acknowledged = copy_.position().sequence;
  peer.waiting_since.reset();
  for (const auto& [node, other] : peers_) {
    if (!other.opened) return;
  }
  finish_opening();
}

// --- ordering and committing

bool Slot::writes_allowed() const {
  return !row_.paired || row_.in_sync.size() + row_.joining.size() >= map_->settings.copies_min;
}

void Slot::submit(Epoch epoch, Operation operation, std::function<void(Result<void>)> done) {
  if (!access_ || row_.epoch != epoch || handing_over_) return done(fail(Errc::not_primary));
  if (!writes_allowed()) return done(fail(Errc::unavailable, "fewer copies than copies_min"));
  if (operation.empty()) return done({});
  GRIDMAIL_ASSERT(operation.bytes() <= 2 * operation_bytes_max);
  if (context_.low_space()) {
    for (const auto& write : operation.writes) {
      if (write.family == Family::body && write.value) return done(fail(Errc::no_space));
    }
  }
  const Sequence last = pending_.empty() ? copy_.position().sequence : pending_.back().entry.at.sequence;
  Pending pending;
  pending.entry = {{row_.epoch, last + 1}, std::move(operation.writes)};
  pending.done = std::move(done);
  settled_in_ = 0;
  pending_.push_back(std::move(pending));
  broadcast(pending_.back());
  apply_ready();
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

void Slot::on_acknowledge(NodeId from, Sequence sequence) {
  const auto found = peers_.find(from);
  if (found == peers_.end() || !found->second.opened || sequence <= found->second.acknowledged) return;
  auto& peer = found->second;
  peer.acknowledged = sequence;
  const bool all = pending_.empty() || sequence >= pending_.back().entry.at.sequence;
  if (all) {
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
    if (!acknowledged_by_all(sequence)) return;
    pending.applying = true;
    Batch batch = copy_.append(std::move(pending.entry), false);
    pending.entry.at = copy_.position();
    batch.append(trim_log());
    write(std::move(batch), [sequence](Slot& slot) { slot.on_applied(sequence); });
  }
}

void Slot::on_applied(Sequence sequence) {
  GRIDMAIL_ASSERT(!pending_.empty() && pending_.front().entry.at.sequence == sequence);
  auto pending = std::move(pending_.front());
  pending_.pop_front();
  committed_ = std::max(committed_, pending.entry.at);
  pending.done({});
  begin_service();
}

/// Operations on their way when the epoch changed under this primary come next, in order, in the new one.
void Slot::carry_pending() {
  Sequence next = copy_.position().sequence;
  for (auto& pending : pending_) {
    if (pending.applying) continue;
    pending.entry.at = {row_.epoch, ++next};
    broadcast(pending);
  }
  apply_ready();
}

void Slot::fail_pending(Errc code) {
  std::deque<Pending> kept;
  std::deque<Pending> failed;
  for (auto& pending : pending_) (pending.applying ? kept : failed).push_back(std::move(pending));
  pending_ = std::move(kept);
  for (auto& pending : failed) pending.done(fail(code, "the slot has a new epoch"));
}

void Slot::primary_tick() {
  const auto now = context_.clock.now();
  for (auto& [node, peer] : peers_) {
    if (opening_ && !peer.opened && now - peer.sent >= context_.settings.resend) send_open(node, peer);
    if (!opened_) continue;
    const bool waiting = !pending_.empty() && peer.acknowledged < pending_.back().entry.at.sequence;
    if (waiting && now - peer.sent >= context_.settings.resend) {
      std::size_t sent = 0;
      for (const auto& pending : pending_) {
        if (pending.applying || pending.entry.at.sequence <= peer.acknowledged) continue;
        if (++sent > resend_max) break;
        auto again = message();
        to_record(pending.entry, *again.mutable_entry());
        send_entry(node, peer, again.SerializeAsString());
      }
    } else if (now - peer.sent >= (peer.told < committed_ ? context_.settings.resend : tell_again) &&
               (peer.told < committed_ || row_.joining.contains(node))) {
      // A joining copy waits for this before it is complete, and a message may get lost.
      peer.sent = now;
      peer.told = committed_;
      send(node, message());
    }
  }
}

// --- filling a joining copy

void Slot::on_fill_request(NodeId from, replication::Fill at) {
  const auto found = peers_.find(from);
  if (!opened_ || found == peers_.end()) return;
  found->second.filling = true;
  context_.tasks.spawn(executor_, "fill", serve_fill(shared_from_this(), from, row_.epoch, std::move(at)));
}

Task<void> Slot::serve_fill(std::shared_ptr<Slot> self, NodeId to, Epoch epoch, replication::Fill at) {
  Result<replication::FillChunk> piece;
  if (at.delta()) {
    piece = co_await self->delta_piece(at);
  } else {
    piece = co_await self->bulk_piece(at);
  }
  if (!piece) {
    log(Level::error, "slot.fill_failed", {{"slot", self->id_}, {"error", piece.error().text}});
    co_return;
  }
  if (!self->opened_ || self->row_.epoch != epoch) co_return;
  auto answer = self->message();
  *piece->mutable_at() = std::move(at);
  *answer.mutable_fill_chunk() = std::move(*piece);
  self->send(to, answer, Channel::bulk);
}

Task<Result<replication::FillChunk>> Slot::bulk_piece(replication::Fill at) {
  const auto view = context_.store.snapshot();
  const auto family = static_cast<Family>(at.family());
  const Bytes first = at.next_key().empty() ? slot_begin(id_) : at.next_key();
  const auto page =
      co_await view->scan(family, first, slot_begin(id_ + 1), fill_keys_max, context_.settings.fill_bytes);
  if (!page) co_return tl::unexpected(page.error());
  replication::FillChunk piece;
  for (const auto& pair : page->pairs) {
    auto& write = *piece.add_writes();
    write.set_family(at.family());
    write.set_key(pair.key);
    write.set_value(pair.value);
  }
  auto& next = *piece.mutable_next();
  next = at;
  if (page->more) {
    next.set_next_key(page->pairs.back().key + '\0');
  } else if (family == Family::meta) {
    next.set_family(static_cast<std::uint32_t>(next_family(family)));
    next.clear_next_key();
  } else {
    next.set_done(true);
  }
  co_return piece;
}

/// Present values of the keys that the log says were touched.
Task<Result<replication::FillChunk>> Slot::delta_piece(replication::Fill at) {
  const auto view = context_.store.snapshot();
  replication::FillChunk piece;
  auto& next = *piece.mutable_next();
  next = at;
  std::set<std::pair<std::uint32_t, Bytes>> seen;
  std::size_t bytes = 0;
  const auto log = co_await view->scan(Family::log, log_entry_key(id_, at.next_sequence()),
                                       log_entry_key(id_, at.last_sequence() + 1), fill_keys_max,
                                       context_.settings.fill_bytes);
  if (!log) co_return tl::unexpected(log.error());
  const bool begins = !log->pairs.empty() && read_be64(log->pairs.front().key, 5) == at.next_sequence();
  if (!begins && at.next_sequence() <= at.last_sequence())
    co_return fail(Errc::corrupted, "the log has a hole");
  for (const auto& pair : log->pairs) {
    if (bytes >= context_.settings.fill_bytes) co_return piece;
    replication::LogEntry entry;
    if (!entry.ParseFromString(pair.value)) co_return fail(Errc::corrupted, "log entry");
    for (const auto& key : entry.keys()) {
      if (!seen.emplace(key.family(), key.key()).second) continue;
      auto value = co_await view->get(static_cast<Family>(key.family()), key.key());
      if (!value) co_return tl::unexpected(value.error());
      auto& write = *piece.add_writes();
      write.set_family(key.family());
      write.set_key(key.key());
      if (*value) write.set_value(std::move(**value));
      bytes += key.key().size() + write.value().size();
    }
    next.set_next_sequence(read_be64(pair.key, 5) + 1);
  }
  if (!log->more) next.set_done(true);
  co_return piece;
}

}  // namespace gridmail
