// QueueClient: puts messages into the queue, wherever the entry's slot is.
#pragma once
#include <optional>
#include <vector>

#include "storage/mailbox/message_body.hpp"
#include "storage/queue/queue.pb.h"
#include "storage/queue/queue_keys.hpp"
#include "storage/replication/slot_access.hpp"

namespace gridmail {

/// Thread-safe, without state of its own; must outlive its calls.
class QueueClient {
 public:
  explicit QueueClient(SlotClient& slots) : slots_(slots) {}

  /// Success: the entry is committed, and is handed out to every recipient under the recipient's GUID from
  /// now on. To be repeated with the same id and values after any failure. `message` and `body` must outlive
  /// the call. Errors: those of SlotClient, too_large.
  [[nodiscard]] Task<Result<void>> submit(QueueEntryId id, const queue::Message& message,
                                          const std::vector<queue::Recipient>& recipients,
                                          const MessageBody& body, SlotClient::Options options);
  /// Entries of one slot, by id, some at a time.
  [[nodiscard]] Task<Result<queue::Listing>> list(SlotId slot, queue::List what, SlotClient::Options options);
  [[nodiscard]] Task<Result<queue::Listing>> list(SlotId slot, SlotClient::Options options) {
    return list(slot, queue::List(), options);
  }
  /// Does the same with all of a choice in one slot, some at a time.
  [[nodiscard]] Task<Result<queue::Acted>> act(SlotId slot, queue::Act what, SlotClient::Options options);

  /// Hands it out now. Errors: not_found (no such entry, or handed out by now).
  [[nodiscard]] Task<Result<void>> retry(QueueEntryId id, SlotClient::Options options);
  /// Nothing of it goes elsewhere until it is released. Errors: not_found.
  [[nodiscard]] Task<Result<void>> hold(QueueEntryId id, bool held, SlotClient::Options options);
  /// What came of sending a parcel, told to the present primary by who sent it.
  [[nodiscard]] Task<Result<void>> settle(QueueEntryId id, std::uint32_t parcel,
                                          std::vector<queue::Outcome> outcomes);
  /// For the node that a parcel was handed to: a chunk of what is to be sent; with the first one comes all
  /// but the body. `at` names the attempt. Errors: conflict, when it is not to be sent, or not by this node.
  [[nodiscard]] Task<Result<queue::Fetched>> fetch(QueueEntryId id, std::uint32_t parcel, WallMicros at,
                                                   std::uint32_t chunk);
  /// Whether the end of data may be sent. Errors: as fetch().
  [[nodiscard]] Task<Result<void>> ask_to_finish(QueueEntryId id, std::uint32_t parcel, WallMicros at);
  /// Drops it for all who do not have it yet. Errors: not_found.
  [[nodiscard]] Task<Result<void>> remove(QueueEntryId id, SlotClient::Options options);

  [[nodiscard]] SlotId slot_of(QueueEntryId id) const { return slots_.slot_for(slot_part(id)); }
  /// As the map says.
  [[nodiscard]] std::optional<NodeId> primary_of(QueueEntryId id) const;

 private:
  [[nodiscard]] Task<Result<void>> ask(QueueEntryId id, queue::Request request, SlotClient::Options options);
  [[nodiscard]] Task<Result<void>> stage(QueueEntryId id, const MessageBody& body,
                                         SlotClient::Options options);

  SlotClient& slots_;
};

}  // namespace gridmail
