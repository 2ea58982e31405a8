// Group commit: batches from all strands, made durable by one thread in the order they were handed in. While
// one group is being synced the next one collects, so that the number of syncs follows the disk and not the
// load.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "node/base/store.hpp"

namespace gridmail {

/// Thread-safe. Knows nothing of RocksDB: `write` makes a group of batches durable and visible, all or
/// nothing. After `write` has failed, for whatever reason, nothing is written any more: every later batch
/// gets that error (fail-stop). Whoever handed batches in goes on in memory as if they were written: a later
/// one must not get to the disk without them.
class GroupCommit {
 public:
  struct Pending {
    Batch batch;
    Store::Done done;
  };
  using Write = std::function<Result<void>(const std::vector<Pending>&)>;

  /// A group holds at most `group_bytes_max` (but at least one batch); over `queue_bytes_max` waiting bytes
  /// it is behind.
  GroupCommit(Write write, std::size_t group_bytes_max, std::size_t queue_bytes_max);
  /// Writes what was handed in, then stops the thread.
  ~GroupCommit();
  GroupCommit(const GroupCommit&) = delete;
  GroupCommit& operator=(const GroupCommit&) = delete;

  /// `done` is called exactly once, in the order of these calls, on the committer's thread; it must
  /// be quick and must not throw.
  void commit(Batch batch, Store::Done done);
  /// How long the group that is being written has been under way; zero when nothing waits.
  [[nodiscard]] std::chrono::nanoseconds stalled_for() const;
  /// More waits than should (RocksDbStore::is_behind).
  [[nodiscard]] bool is_behind() const;

 private:
  void run();
  void take_group();
  void finish_group(const Result<void>& result);

  const Write write_;
  const std::size_t group_bytes_max_;
  const std::size_t queue_bytes_max_;

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Pending> queue_;   // guarded by mutex_
  std::size_t queue_bytes_ = 0;  // guarded by mutex_; includes the group being written
  std::optional<std::chrono::steady_clock::time_point> busy_since_;  // guarded by mutex_; nothing: idle
  bool stopping_ = false;                                            // guarded by mutex_

  std::vector<Pending> group_;  // the committer's thread only
  Result<void> health_;         // the first error; the committer's thread only
  std::thread thread_;
};

}  // namespace gridmail
