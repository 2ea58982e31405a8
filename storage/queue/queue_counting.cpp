// The part of QueueService for people: how much waits here.
#include <asio/co_spawn.hpp>

#include "storage/queue/queue_digest.hpp"
#include "storage/queue/queue_service.hpp"

namespace gridmail {
namespace {

constexpr Duration counted_within = std::chrono::milliseconds(500);
constexpr Duration kept_for = std::chrono::seconds(5);
constexpr std::size_t counted_per_page = 64;
/// Of one slot: what all slots keep stays below some megabytes.
constexpr std::size_t destinations_per_slot = 100;
constexpr std::size_t destinations_per_node = 200;

}  // namespace

Task<queue::Digest> QueueService::digest() {
  return asio::co_spawn(digest_strand_, digest_on_strand(), asio::use_awaitable);
}

Task<queue::Digest> QueueService::last_digest() {
  const auto read = [this]() -> Task<queue::Digest> { co_return digest_.value_or(queue::Digest()); };
  co_return co_await asio::co_spawn(digest_strand_, read(), asio::use_awaitable);
}

/// Who asks while it is made gets the last one.
Task<queue::Digest> QueueService::digest_on_strand() {
  const auto now = ports_.clock.now();
  if (digest_ && (digest_is_made_ || now - digest_at_ < kept_for)) co_return *digest_;
  digest_is_made_ = true;
  const std::shared_ptr<void> ends(nullptr, [this](void*) { digest_is_made_ = false; });
  std::vector<std::pair<SlotId, OpenSlotPtr>> slots;
  {
    const std::lock_guard lock(guard_);
    slots.assign(open_.begin(), open_.end());
    const auto from = open_.lower_bound(digest_from_);
    std::rotate(slots.begin(), slots.begin() + std::distance(open_.begin(), from), slots.end());
  }
  DigestSum sum;
  const auto deadline = now + counted_within;
  digest_from_ = 0;
  for (const auto& [id, slot] : slots) {
    const auto counted = co_await asio::co_spawn(slot->queue->access->executor(), digest_of(slot, deadline),
                                                 asio::use_awaitable);
    if (counted) sum.add(*counted);
    if (digest_from_ == 0 && ports_.clock.now() >= deadline) digest_from_ = id;
  }
  digest_ = sum.worst(destinations_per_node);
  digest_at_ = ports_.clock.now();
  co_return *digest_;
}

/// As it was counted last, where there is no time.
Task<std::optional<queue::Digest>> QueueService::digest_of(OpenSlotPtr slot, TimePoint deadline) {
  const bool is_known = slot->counted && slot->counted_changes == slot->queue->changes;
  if (!is_known && ports_.clock.now() < deadline) {
    const auto counted = co_await count(slot);
    if (!counted) co_return std::nullopt;
  }
  if (!slot->queue->access->may_answer()) co_return std::nullopt;
  co_return slot->counted;
}

Task<Result<void>> QueueService::count(OpenSlotPtr slot) {
  const auto changes = slot->queue->changes.load();
  const auto snapshot = slot->queue->access->snapshot();
  DigestSum sum;
  sum.add_slot();
  const bool is_blank = !slot->queue->access->was_written();
  Bytes first = slot->queue->keys.entries();
  const Bytes end = prefix_end(first);
  for (bool more = !is_blank; more;) {
    const auto page = co_await snapshot->scan(Family::meta, first, end, counted_per_page, 1 << 20);
    if (!page) co_return tl::unexpected(page.error());
    for (const auto& pair : page->pairs) {
      const auto entry = decode_record<queue::Entry>(pair.value);
      if (!entry) co_return tl::unexpected(entry.error());
      queue::Summary summary;
      const auto told = co_await summarize(slot, snapshot, QueueKeys::id_in(pair.key), *entry, &summary);
      if (!told) co_return told;
      sum.add(summary);
    }
    more = page->more && !page->pairs.empty();
    if (more) first = page->pairs.back().key + '\0';
  }
  slot->counted = sum.worst(destinations_per_slot);
  slot->counted_changes = changes;
  co_return Result<void>{};
}

}  // namespace gridmail
