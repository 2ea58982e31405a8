#include "storage/queue/entry_placement.hpp"

#include <algorithm>

#include "storage/queue/parcel_plan.hpp"

namespace gridmail {
namespace {

/// Slots are written in parallel, and each commits more at once the fewer they are.
constexpr std::size_t streams_per_node = 2;
constexpr std::size_t ids_per_stream = 256;
/// A slot that has become unavailable is left after this.
constexpr Duration stream_kept = std::chrono::seconds(2);
/// Ids drawn until one is in a slot of that node. Who holds few primaries may not be found.
constexpr int draws_max = 256;
/// Nodes come and go.
constexpr std::size_t nodes_max = 256;

QueueEntryId draw_like(const QueueEntryId& first, Random& random) {
  auto id = draw_id<QueueEntryId>(random);
  const auto beginning = slot_part(first);
  std::copy(beginning.begin(), beginning.end(), id.value.begin());
  return id;
}

}  // namespace

Task<QueueEntryId> EntryPlacement::draw(const std::vector<queue::Recipient>& recipients) {
  const auto elsewhere = std::find_if(recipients.begin(), recipients.end(), [](const auto& recipient) {
    return recipient.user().empty() && !recipient.has_outcome();
  });
  std::optional<NodeId> node;
  if (elsewhere != recipients.end()) {
    auto destination = destination_of(elsewhere->address());
    const auto direction = co_await directions_.find(std::move(destination));
    node = direction.node;
  }
  co_return draw_at(node);
}

QueueEntryId EntryPlacement::draw_at(std::optional<NodeId> node) {
  const std::lock_guard lock(mutex_);
  if (streams_.size() > nodes_max) streams_.clear();
  auto& streams = streams_[node];
  if (streams.size() < streams_per_node) {
    streams.push_back(begin_stream(node));
  } else if (!is_good(streams.front())) {
    streams.front() = begin_stream(node);
  }
  std::rotate(streams.begin(), streams.begin() + 1, streams.end());
  auto& stream = streams.back();
  --stream.left;
  return draw_like(stream.first, random_);
}

bool EntryPlacement::is_good(const Stream& stream) const {
  if (stream.left == 0 || clock_.now() >= stream.until) return false;
  return !stream.primary || queue_.primary_of(stream.first) == stream.primary;
}

EntryPlacement::Stream EntryPlacement::begin_stream(std::optional<NodeId> node) {
  const auto until = clock_.now() + stream_kept;
  for (int draws = 0; node && draws < draws_max; ++draws) {
    const auto id = draw_id<QueueEntryId>(random_);
    if (queue_.primary_of(id) == node) return {id, node, ids_per_stream, until};
  }
  return {draw_id<QueueEntryId>(random_), std::nullopt, ids_per_stream, until};
}

}  // namespace gridmail
