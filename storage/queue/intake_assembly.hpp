// IntakeAssembly: records that other nodes offer, put together from their pieces.
#pragma once
#include <map>
#include <optional>
#include <vector>

#include "node/base/clock.hpp"
#include "storage/queue/intake_journal.hpp"

namespace gridmail {

/// A record and its body, complete and checked.
struct TakenRecord {
  queue::IntakeRecord record;
  std::vector<Bytes> chunks;
};

/// On the intake's strand. Holds a limited number of bytes; what does not come to its end is forgotten.
class IntakeAssembly {
 public:
  /// False: refused, there is no room or the piece makes no sense; it is not to be acknowledged.
  [[nodiscard]] bool add(NodeId from, IntakeId id, const queue::Piece& piece, TimePoint now);
  /// Takes the record out when all its pieces are there.
  [[nodiscard]] std::optional<TakenRecord> take_complete(NodeId from, IntakeId id);
  void forget(IntakeId id);
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  struct Unfinished {
    std::vector<std::optional<Bytes>> pieces;
    std::size_t missing = 0;
    std::uint64_t bytes = 0;
    TimePoint touched;
  };
  using Key = std::pair<IntakeId, NodeId>;
  void forget_old(TimePoint now);

  std::map<Key, Unfinished> unfinished_;
  std::uint64_t bytes_ = 0;
};

}  // namespace gridmail
