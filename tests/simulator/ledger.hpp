// Ledger: the smallest service that needs everything of replication: entries numbered from 1 in order, each
// under a GUID that is taken once. What a mailbox is to mail, without the mail.
#pragma once
#include <functional>
#include <map>
#include <optional>

#include "storage/replication/slot_access.hpp"

namespace gridmail::sim {

inline constexpr ServiceId ledger_service = ServiceId::canary;

/// Request: 'A' + 16 bytes of GUID, answered with the entry's number as 8 bytes; or 'R', answered with pairs
/// of number and GUID, 24 bytes each.
[[nodiscard]] Bytes append_request(Guid guid);
[[nodiscard]] Bytes read_request();
[[nodiscard]] std::map<std::uint64_t, Guid> read_answer(BytesView answer);

[[nodiscard]] Bytes entry_key(SlotId slot, std::uint64_t number);
[[nodiscard]] Bytes guid_key(SlotId slot, Guid guid);

class LedgerService final : public SlotService {
 public:
  /// `on_commit` is told of every commit that this node made as a primary.
  using OnCommit = std::function<void(SlotId, Epoch, std::uint64_t number, Guid)>;
  explicit LedgerService(OnCommit on_commit) : on_commit_(std::move(on_commit)) {}

  [[nodiscard]] Task<Result<Bytes>> handle(SlotAccessPtr slot, NodeId from, Bytes request) override;
  void closed(SlotId slot) override { writing_.erase(slot); }

 private:
  [[nodiscard]] Task<Result<Bytes>> append(SlotAccessPtr slot, Guid guid);
  [[nodiscard]] Task<Result<Bytes>> read(SlotAccessPtr slot);

  OnCommit on_commit_;
  std::map<SlotId, Epoch> writing_;  // one writer at a time
};

}  // namespace gridmail::sim
