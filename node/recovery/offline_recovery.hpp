// OfflineRecovery: `gridmail grid recover` on the data directory of a node that is stopped. It says what
// would be lost, and only then, if asked to, writes the new map, with a record of what was done.
//
// Blocks; one thread. Not for use while gridmaild runs: the store is locked by whoever has it open.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "gossip/register/recovery_plan.hpp"
#include "node/config.hpp"
#include "storage/local/rocksdb_store.hpp"

namespace gridmail {

class OfflineRecovery {
 public:
  /// `survivors`: names or ids of nodes that live besides this one. Errors: not_found (no such node; no node
  /// in this directory), busy (gridmaild runs), unavailable (in no grid), invalid, and those of the store.
  [[nodiscard]] static Result<OfflineRecovery> prepare(const NodeConfig& config,
                                                       const std::vector<std::string>& survivors);

  [[nodiscard]] const Recovery& plan() const { return plan_; }
  [[nodiscard]] const Map& last() const { return last_; }
  [[nodiscard]] const Member& here() const { return *plan_.map.member(here_); }
  /// What must be typed: it names those who are given up.
  [[nodiscard]] std::string phrase() const;
  /// The directory's copies are gone, but this node's replica of it is complete.
  [[nodiscard]] bool directory_from_replica() const { return directory_from_replica_; }
  /// All of it in one sync, with the record. Errors: io, corrupted, no_space.
  [[nodiscard]] Result<void> carry_out(WallMicros now);

 private:
  OfflineRecovery() = default;
  [[nodiscard]] Result<void> declare_copies_whole(Batch& batch);
  [[nodiscard]] Result<void> take_directory_from_replica(Batch& batch);

  NodeId here_;
  std::unique_ptr<RocksDbStore> store_;
  Map last_;
  Recovery plan_;
  bool directory_from_replica_ = false;
};

/// The options with which a node's store is opened.
[[nodiscard]] StoreOptions store_options(const NodeConfig& config, NodeId node, WallMicros now);

/// What recoveries a store remembers, a line of JSON each, oldest first.
[[nodiscard]] Task<Result<std::vector<std::string>>> past_recoveries(Store& store);

}  // namespace gridmail
