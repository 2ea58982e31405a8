// Keys of queue entries (storage/queue/LAYOUT.md), in the slot of the entry's own id.
#pragma once
#include <utility>

#include "node/base/bytes.hpp"
#include "node/base/clock.hpp"
#include "node/base/ids.hpp"

namespace gridmail {

/// One message waiting to be handed out.
using QueueEntryId = Id16<struct QueueEntryTag>;

/// What of an entry's id chooses its slot. Entries with the same beginning share one.
[[nodiscard]] inline BytesView slot_part(const QueueEntryId& id) {
  return id.view().substr(0, sizeof(QueueEntryId) / 2);
}

/// Bytes of one chunk of a body.
inline constexpr std::size_t queue_chunk_bytes = 256 * 1024;
[[nodiscard]] constexpr std::uint32_t queue_chunk_count(std::uint64_t body_size) {
  return static_cast<std::uint32_t>((body_size + queue_chunk_bytes - 1) / queue_chunk_bytes);
}

/// An entry is made in one operation.
inline constexpr int queue_recipients_max = 4000;
inline constexpr std::size_t queue_recipient_bytes_max = 512 * 1024;

class QueueKeys {
 public:
  explicit QueueKeys(SlotId slot) : slot_(slot) {}

  [[nodiscard]] Bytes entry(QueueEntryId id) const;
  [[nodiscard]] Bytes recipient(QueueEntryId id, std::uint32_t index) const;
  [[nodiscard]] Bytes parcel(QueueEntryId id, std::uint32_t number) const;
  [[nodiscard]] Bytes report(QueueEntryId id, std::uint32_t number) const;
  /// In family body.
  [[nodiscard]] Bytes chunk(QueueEntryId id, std::uint32_t index) const;
  [[nodiscard]] Bytes done(QueueEntryId id) const;
  [[nodiscard]] Bytes staged(QueueEntryId id) const;
  /// Something of `id` is to be looked at, at a time: what was staged and never submitted, an old done mark.
  [[nodiscard]] Bytes due(WallMicros at, QueueEntryId id) const;

  /// What goes elsewhere, or back to the sender, at a time.
  enum class Outgoing : char { parcel = 'p', report = 'b' };
  struct OutgoingDue {
    WallMicros at = 0;
    QueueEntryId id;
    Outgoing kind = Outgoing::parcel;
    std::uint32_t number = 0;
    auto operator<=>(const OutgoingDue&) const = default;
    /// What becomes due again while it is sent is still the one that is under way.
    [[nodiscard]] OutgoingDue without_time() const { return {0, id, kind, number}; }
  };
  [[nodiscard]] Bytes outgoing_due(const OutgoingDue& due) const;
  [[nodiscard]] static OutgoingDue outgoing_due_in(BytesView key);

  // First keys of ranges; their ends are prefix_end().
  [[nodiscard]] Bytes everything() const;
  [[nodiscard]] Bytes entries() const;
  [[nodiscard]] Bytes recipients() const;
  [[nodiscard]] Bytes recipients_of(QueueEntryId id) const;
  [[nodiscard]] Bytes parcels_of(QueueEntryId id) const;
  [[nodiscard]] Bytes reports_of(QueueEntryId id) const;
  [[nodiscard]] Bytes outgoing_dues() const;
  [[nodiscard]] Bytes chunks_of(QueueEntryId id) const;
  [[nodiscard]] Bytes dues() const;
  /// The end of what is due at `now`.
  [[nodiscard]] Bytes due_end(WallMicros now) const;

  /// The id in a key of entry() or due().
  [[nodiscard]] static QueueEntryId id_in(BytesView key);
  /// The id and number in a key of recipient(), parcel() or report().
  [[nodiscard]] static std::pair<QueueEntryId, std::uint32_t> numbered_in(BytesView key);

 private:
  [[nodiscard]] Bytes key(char table, BytesView rest = {}) const;

  SlotId slot_;
};

}  // namespace gridmail
