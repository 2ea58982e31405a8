// The Snapshot port over RocksDB. A key is first looked for in memory only, on the caller's strand; what
// needs the disk, and every scan, is done in the I/O pool.
#pragma once
#include <rocksdb/db.h>

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "node/base/store.hpp"
#include "node/runtime/worker_pool.hpp"

namespace gridmail {

/// The open database with its families and the threads that wait for its disk. Shared by the store and its
/// snapshots: it is closed when the last of them is gone.
struct OpenDatabase {
  explicit OpenDatabase(std::size_t io_threads) : io_pool("store_io", io_threads) {}
  ~OpenDatabase();
  OpenDatabase(const OpenDatabase&) = delete;
  OpenDatabase& operator=(const OpenDatabase&) = delete;

  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle(Family family) const {
    return handles[static_cast<std::size_t>(family)];
  }

  /// The status as an error. Of damage the owner is told, and will mend it: until then it is unavailable.
  [[nodiscard]] Error failed(const rocksdb::Status& status) const;

  std::unique_ptr<rocksdb::DB> db;
  std::function<void(const Error&)> on_damage;
  std::array<rocksdb::ColumnFamilyHandle*, family_count> handles{};
  rocksdb::ColumnFamilyHandle* unused_default = nullptr;  // RocksDB insists on it
  WorkerPool io_pool;                                     // stopped by the store
};

/// RocksDB's status as an error of ours.
[[nodiscard]] Error to_error(const rocksdb::Status& status);

class RocksDbSnapshot final : public Snapshot, public std::enable_shared_from_this<RocksDbSnapshot> {
 public:
  explicit RocksDbSnapshot(std::shared_ptr<OpenDatabase> database);
  ~RocksDbSnapshot() override;

  [[nodiscard]] Task<Value> get(Family family, Bytes key) const override;
  [[nodiscard]] Task<std::vector<Value>> get_each(Family family, std::vector<Bytes> keys) const override;
  [[nodiscard]] Task<Result<Page>> scan(Family family, Bytes first, Bytes last, std::size_t pairs_max,
                                        std::size_t bytes_max) const override;
  [[nodiscard]] Task<Result<std::optional<KeyValue>>> last(Family family, Bytes first,
                                                           Bytes last) const override;

 private:
  struct Scan;
  [[nodiscard]] rocksdb::ReadOptions options(rocksdb::ReadTier tier) const;
  [[nodiscard]] rocksdb::Status find(rocksdb::ReadTier tier, Family family, const Bytes& key,
                                     std::optional<Bytes>& value) const;
  [[nodiscard]] Task<void> load(Family family, std::span<const Bytes> keys, std::span<Value> values) const;
  [[nodiscard]] rocksdb::Status advance(Scan& scan) const;
  [[nodiscard]] rocksdb::Status find_last(Family family, const Bytes& first, const Bytes& last,
                                          std::optional<KeyValue>& pair) const;

  const std::shared_ptr<OpenDatabase> database_;
  const rocksdb::Snapshot* const snapshot_;
};

}  // namespace gridmail
