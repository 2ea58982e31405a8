#include "tests/simulator/torrent.hpp"

namespace gridmail::sim {

void Torrent::pour(SlotId slot, std::size_t count) {
  for (std::size_t node = 0; node < world_.size(); ++node) {
    if (!world_.is_up(node) || !world_.core(node).running()) continue;
    const auto access = world_.core(node).slots().access(slot);
    if (!access) continue;
    for (std::size_t i = 0; i < count; ++i) {
      const Bytes key = slot_key(slot, 't', draw_id<Guid>(world_.chance()).view());
      world_.core(node).tasks().spawn(world_.executor(node), "torrent", commit(access, key, acknowledged_));
    }
  }
}

Task<void> Torrent::commit(SlotAccessPtr slot, Bytes key, std::shared_ptr<Acknowledged> acknowledged) {
  Operation operation;
  operation.writes.push_back({Family::body, key, Bytes(1024, 't'), std::nullopt, false});
  const auto committed = co_await slot->commit(std::move(operation));
  if (committed) acknowledged->emplace(slot->slot(), key);
}

void Torrent::check() const {
  const auto map = world_.newest_map();
  for (const auto& [slot, key] : *acknowledged_) {
    for (const auto& node : map->rows[slot].in_sync) {
      const auto& disk = world_.disk(world_.number_of(node)).contents(Family::body);
      if (!disk.contains(key)) throw Violation("slot " + std::to_string(slot) + ": an operation is lost");
    }
  }
}

}  // namespace gridmail::sim
