// The Store port in production: one RocksDB per node, group commit, reads that never block an event loop on
// disk.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "node/base/clock.hpp"
#include "node/base/ids.hpp"
#include "node/base/store.hpp"
#include "storage/local/disk_space.hpp"
#include "storage/local/group_commit.hpp"
#include "storage/local/rocksdb_options.hpp"
#include "storage/local/synced_mark.hpp"

namespace gridmail {

struct OpenDatabase;

struct StoreOptions {
  std::filesystem::path folder;  ///< created when it does not exist
  std::map<Family, std::filesystem::path>
      family_folders;      ///< for families that live elsewhere than in `folder`
  NodeId node;             ///< the store of another node is refused
  WallMicros created = 0;  ///< the date written into a new store
  RocksDbTuning tuning;
  std::size_t io_threads = 4;
  std::size_t group_bytes_max = std::size_t{4} << 20;
  /// More waiting bytes: behind.
  std::size_t queue_bytes_max = std::size_t{256} << 20;
  /// low_space() is true below the reserve: intake stops, deletions go on. Below the floor nothing is written
  /// at all, so that the log never tears on a full disk.
  std::uint64_t space_reserve_bytes = std::uint64_t{1} << 30;
  std::uint64_t space_floor_bytes = std::uint64_t{64} << 20;
  /// Called once, on the committer's thread, when the disk has failed or is full to the floor: the node must
  /// stop. The commits under way and all later ones fail.
  std::function<void(const Error&)> on_disk_failure;
  /// Called whenever something cannot be read that was written (a checksum is wrong), on any thread: the
  /// store is to be marked (store_salvage.hpp) and opened again. What can be read is still answered.
  std::function<void(const Error&)> on_damage;
};

/// Thread-safe. Lifecycle: open → use → (no more reads or commits are begun) → destruction, which writes what
/// was handed in and waits for reads under way. Snapshots may be dropped later, but not read from.
class RocksDbStore final : public Store {
 public:
  /// Opens or creates. Blocks: start-up only. Errors: busy (another process has it open), denied (another
  /// node's store), unsupported (a newer format), corrupted, no_space, io.
  [[nodiscard]] static Result<std::unique_ptr<RocksDbStore>> open(StoreOptions options);
  ~RocksDbStore() override;

  using Store::commit;
  void commit(Batch batch, Done done) override;
  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() override;
  [[nodiscard]] std::chrono::nanoseconds stalled_for() const override { return committer_->stalled_for(); }
  /// More waits to be committed than should. commit() refuses nothing for that, as whoever calls may be ahead
  /// of the disk in memory: nothing more is to be taken in.
  [[nodiscard]] bool is_behind() const { return committer_->is_behind(); }

  /// Whether the disk reserve is reached: only deletions and what serves them should be begun.
  [[nodiscard]] bool low_space() { return space_.bytes_free() < options_.space_reserve_bytes; }
  /// Half of what the reserve has above the floor is used up: only what is small should be written.
  [[nodiscard]] bool very_low_space() {
    return space_.bytes_free() < options_.space_reserve_bytes / 2 + options_.space_floor_bytes / 2;
  }
  [[nodiscard]] std::uint64_t bytes_free() { return space_.bytes_free(); }
  /// What the store holds on disk, without its logs; an estimate.
  [[nodiscard]] std::uint64_t bytes_stored() const;
  [[nodiscard]] const std::filesystem::path& folder() const { return options_.folder; }
  /// The log was damaged before its end, or ends before what was synced: acknowledged writes may be missing
  /// (design, section 5: a suspect copy). Stays true for as long as the store is open.
  [[nodiscard]] bool suspect() const { return suspect_; }

 private:
  RocksDbStore(StoreOptions options, std::shared_ptr<OpenDatabase> database, bool suspect);
  [[nodiscard]] Result<void> write_group(const std::vector<GroupCommit::Pending>& group);

  const StoreOptions options_;
  const std::shared_ptr<OpenDatabase> database_;
  const bool suspect_;
  DiskSpace space_;
  SyncedMark synced_;
  std::unique_ptr<GroupCommit> committer_;  // last: its thread uses the rest
};

}  // namespace gridmail
