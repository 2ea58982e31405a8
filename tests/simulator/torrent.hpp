// Torrent: many operations of one slot at once, straight at its opened primary. What the ledger, with one
// writer at a time, never does.
#pragma once
#include <memory>
#include <set>
#include <utility>

#include "tests/simulator/world.hpp"

namespace gridmail::sim {

class Torrent {
 public:
  explicit Torrent(World& world) : world_(world) {}
  /// Begins `count` operations of a kilobyte at the primary of `slot`; none when no live node is that.
  void pour(SlotId slot, std::size_t count);
  /// What was acknowledged lies on the disk of every in-sync copy. To be asked when nothing is under way.
  void check() const;
  [[nodiscard]] std::size_t acknowledged() const { return acknowledged_->size(); }

 private:
  using Acknowledged = std::set<std::pair<SlotId, Bytes>>;
  static Task<void> commit(SlotAccessPtr slot, Bytes key, std::shared_ptr<Acknowledged> acknowledged);

  World& world_;
  std::shared_ptr<Acknowledged> acknowledged_ = std::make_shared<Acknowledged>();
};

}  // namespace gridmail::sim
