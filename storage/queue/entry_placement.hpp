// EntryPlacement: draws the ids of new entries, and so chooses their slots.
#pragma once
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "node/base/clock.hpp"
#include "node/base/random.hpp"
#include "storage/queue/hop_directions.hpp"
#include "storage/queue/queue_client.hpp"

namespace gridmail {

/// An entry lies in a slot of the node that is to send it, where there is one: then nothing has to be handed
/// over. Entries that are made one after the other share a few slots, so that many are committed together;
/// after a while others come next, so that entries lie everywhere. Thread-safe; what it is given outlives it.
class EntryPlacement {
 public:
  EntryPlacement(Clock& clock, Random& random, const QueueClient& queue, HopDirections& directions)
      : clock_(clock), random_(random), queue_(queue), directions_(directions) {}

  /// `recipients` outlive the call.
  [[nodiscard]] Task<QueueEntryId> draw(const std::vector<queue::Recipient>& recipients);

 private:
  /// Ids that begin alike.
  struct Stream {
    QueueEntryId first;
    std::optional<NodeId> primary;  ///< whom their slot is to have; nothing: none was found that has it
    std::size_t left = 0;
    TimePoint until;
  };
  [[nodiscard]] QueueEntryId draw_at(std::optional<NodeId> node);
  [[nodiscard]] bool is_good(const Stream& stream) const;
  [[nodiscard]] Stream begin_stream(std::optional<NodeId> node);

  Clock& clock_;
  Random& random_;
  const QueueClient& queue_;
  HopDirections& directions_;
  std::mutex mutex_;
  std::map<std::optional<NodeId>, std::deque<Stream>> streams_;  ///< by the node that sends
};

}  // namespace gridmail
