// SlotTable: all slots of one node. It hands them maps, messages and ticks, each on its strand; sends what
// they ask of the map to the register, many at once; and keeps the placement plan that primaries move
// towards.
//
// Strands: slot s lives on strand s mod strands; the table's own state is behind a mutex. Lifecycle:
// construct → start() → stop(); the TaskGroup of the context is joined by the owner after stop().
#pragma once
#include <asio/any_io_executor.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "gossip/register/map.hpp"
#include "storage/replication/slot.hpp"

namespace gridmail {

/// What all slots of this node are up to, for status and readiness.
struct SlotCounts {
  std::size_t primaries = 0;  ///< rows that name this node primary
  std::size_t opened = 0;     ///< of these, the ones opened
  std::size_t joining = 0;    ///< copies here that still join
  std::size_t copies = 0;     ///< copies here
};

class SlotTable {
 public:
  /// `propose` takes a batch of changes to the register.
  SlotTable(ReplicationContext& context, std::vector<asio::any_io_executor> strands,
            std::function<void(MapChange)> propose);
  ~SlotTable();

  void start(MapPtr map);
  void stop();
  /// After a simulated crash, when no handler runs any more: lets go of all slots.
  void abandon();
  /// A newer map was taken in. Thread-safe.
  void on_map(MapPtr map);
  /// Messages of MessageKind::slot. Thread-safe.
  void on_message(NodeId from, Bytes payload);

  [[nodiscard]] asio::any_io_executor strand_of(SlotId slot) const {
    return shards_[slot % shards_.size()]->strand;
  }
  /// On strand_of(slot) only. Null when this node is not the slot's opened primary.
  [[nodiscard]] SlotAccessPtr access(SlotId slot) const;
  /// On strand_of(slot) only. Null when no copy of it is here.
  [[nodiscard]] std::shared_ptr<Slot> find(SlotId slot) const;
  [[nodiscard]] std::shared_ptr<const Map> map() const;
  /// What the primaries here move towards; null before the first tick with a map. Thread-safe.
  [[nodiscard]] PlanKeeper::PlanPtr plan() const;
  /// As of the last tick. Thread-safe.
  [[nodiscard]] SlotCounts counts() const;
  /// True once every copy that the first map named has been read from disk.
  [[nodiscard]] bool loaded() const { return loading_ == 0; }

 private:
  struct Shard {
    asio::any_io_executor strand;
    std::map<SlotId, std::shared_ptr<Slot>> slots;
    std::unique_ptr<Clock::Alarm> alarm;
    SlotCounts counts;
    bool running = false;
  };
  /// What all shards go by in one tick. Immutable.
  struct Surroundings {
    std::uint64_t number = 1;  ///< another one whenever something in here is
    SignsOfLife signs;
    bool in_touch = false;   ///< with a majority of the voters
    std::uint64_t life = 0;  ///< of the disk
    PlanKeeper::PlanPtr plan;
    MapPtr map;
  };
  void take_map(Shard& shard, std::size_t index, const MapPtr& map);
  [[nodiscard]] static Task<void> load(std::shared_ptr<Slot> slot, SlotTable* table);
  void tick(Shard& shard);
  void recount(Shard& shard);
  void schedule(Shard& shard);
  void renew_plan();
  void renew_surroundings();
  void propose(SlotChange change);
  void flush();

  ReplicationContext& context_;
  std::vector<std::unique_ptr<Shard>> shards_;
  const std::function<void(MapChange)> propose_;

  mutable std::mutex mutex_;
  MapPtr map_;
  PlanKeeper plans_;  ///< on the first shard's strand only
  PlanKeeper::PlanPtr plan_;
  std::shared_ptr<const Surroundings> surroundings_;
  std::vector<SlotChange> changes_;
  std::unique_ptr<Clock::Alarm> flush_alarm_;
  std::atomic<std::size_t> loading_{0};
};

}  // namespace gridmail
