// CanaryService: one small key per slot that readiness checks write and read through the real path.
#pragma once
#include "storage/replication/slot_access.hpp"

namespace gridmail {

/// Requests: 'W' and a text, answered with nothing; 'R', answered with the text last written. On the slot's
/// strand.
class CanaryService final : public SlotService {
 public:
  [[nodiscard]] Task<Result<Bytes>> handle(SlotAccessPtr slot, NodeId from, Bytes request) override;
};

[[nodiscard]] inline Bytes canary_write(BytesView text) {
  return "W" + Bytes(text);
}
[[nodiscard]] inline Bytes canary_read() {
  return "R";
}

}  // namespace gridmail
