// The primary's part in closing the gap of a joining copy: pieces of all keys, or of those that the log says
// were touched.
#include "node/base/log.hpp"
#include "node/runtime/timer.hpp"
#include "storage/replication/slot.hpp"

namespace gridmail {
namespace {

constexpr std::size_t fill_keys_max = 4096;

Family next_family(Family family) {
  return family == Family::meta ? Family::body : Family::meta;
}

}  // namespace

void Slot::on_fill_request(NodeId from, replication::Fill at) {
  const auto found = peers_.find(from);
  if (!opened_ || found == peers_.end() || found->second.being_handed_a_piece) return;
  found->second.filling = true;
  found->second.no_room = false;
  found->second.being_handed_a_piece = true;
  serve(from, std::move(at));
}

void Slot::serve(NodeId from, replication::Fill at) {
  context_.tasks.spawn(executor_, "fill", serve_fill(shared_from_this(), from, row_.epoch, std::move(at)));
}

Task<void> Slot::serve_fill(std::shared_ptr<Slot> self, NodeId to, Epoch epoch, replication::Fill at) {
  auto& budget = self->context_.fill_budget;
  const auto turn = budget.next_piece(self->context_.clock.now());
  // A slot that is being combined serves nobody before it is.
  const bool waits = turn.wait > Duration::zero() && self->row_.combining != to;
  if (waits) co_await sleep_for(self->context_.clock, turn.wait);
  Result<replication::FillChunk> piece;
  if (at.delta()) {
    piece = co_await self->delta_piece(at, turn.bytes);
  } else {
    piece = co_await self->bulk_piece(at, turn.bytes);
  }
  // Another epoch has other peers.
  if (self->row_.epoch == epoch && self->peers_.contains(to)) self->peers_[to].being_handed_a_piece = false;
  if (!piece && piece.error().code == Errc::not_found) {
    const auto peer = self->peers_.find(to);
    if (self->row_.epoch == epoch && peer != self->peers_.end()) peer->second.lost_thread = true;
    co_return;
  }
  if (!piece) {
    log(Level::error, "slot.fill_failed", {{"slot", self->id_}, {"error", piece.error().text}});
    co_return;
  }
  if (self->row_.epoch != epoch || !(self->opened_ || self->row_.combining == to)) co_return;
  auto answer = self->message();
  *piece->mutable_at() = std::move(at);
  *answer.mutable_fill_chunk() = std::move(*piece);
  budget.handed_out(turn, answer.ByteSizeLong(), self->context_.clock.now());
  self->send(to, answer, Channel::bulk);
}

Task<Result<replication::FillChunk>> Slot::bulk_piece(replication::Fill at, std::size_t bytes_max) {
  const auto view = context_.store.snapshot();
  const auto family = static_cast<Family>(at.family());
  const Bytes first = at.next_key().empty() ? slot_begin(id_) : at.next_key();
  const auto page = co_await view->scan(family, first, slot_begin(id_ + 1), fill_keys_max, bytes_max);
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

/// Present values of the keys that the log says were touched. An entry after these that was never committed,
/// as a copy may hold one while what is left is combined, does not count.
Task<Result<replication::FillChunk>> Slot::delta_piece(replication::Fill at, std::size_t bytes_max) {
  const auto view = context_.store.snapshot();
  replication::FillChunk piece;
  auto& next = *piece.mutable_next();
  next = at;
  std::set<std::pair<std::uint32_t, Bytes>> seen;
  std::size_t bytes = 0;
  const auto log = co_await view->scan(Family::log, log_entry_key(id_, at.next_sequence()),
                                       log_entry_key(id_, at.last_sequence() + 1), fill_keys_max, bytes_max);
  if (!log) co_return tl::unexpected(log.error());
  const bool begins = !log->pairs.empty() && read_be64(log->pairs.front().key, 5) == at.next_sequence();
  if (!begins && at.next_sequence() <= at.last_sequence())
    co_return fail(Errc::not_found, "the log begins later");
  for (const auto& pair : log->pairs) {
    if (bytes >= bytes_max) co_return piece;
    replication::LogEntry entry;
    if (!entry.ParseFromString(pair.value)) co_return fail(Errc::corrupted, "log entry");
    for (const auto& key : entry.keys()) {
      if (!seen.emplace(key.family(), key.key()).second) continue;
      const auto family = static_cast<Family>(key.family());
      auto value = co_await view->get(family, key.key());
      if (!value) co_return tl::unexpected(value.error());
      if (const auto* later = copy_.touched_after(at.last_sequence(), family, key.key())) *value = later->old;
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
