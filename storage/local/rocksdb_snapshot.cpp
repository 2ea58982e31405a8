#include "storage/local/rocksdb_snapshot.hpp"

#include <asio/experimental/awaitable_operators.hpp>

#include "node/base/log.hpp"

namespace gridmail {
namespace {
constexpr std::size_t keys_per_job_max = 8;

using namespace asio::experimental::awaitable_operators;  // NOLINT: the operators' only home

}  // namespace

Error to_error(const rocksdb::Status& status) {
  if (status.IsCorruption()) return {Errc::corrupted, status.ToString()};
  if (status.IsNoSpace()) return {Errc::no_space, status.ToString()};
  return {Errc::io, status.ToString()};
}

Error OpenDatabase::failed(const rocksdb::Status& status) const {
  auto error = to_error(status);
  if (error.code != Errc::corrupted) return error;
  if (on_damage) on_damage(error);
  return {Errc::unavailable, std::move(error.text)};
}

OpenDatabase::~OpenDatabase() {
  if (!db) return;
  for (auto* family : handles) {
    if (family) db->DestroyColumnFamilyHandle(family);
  }
  if (unused_default) db->DestroyColumnFamilyHandle(unused_default);
  const auto closed = db->Close();
  if (!closed.ok()) log(Level::warn, "store.close_failed", {{"error", closed.ToString()}});
}

/// What is asked for, and what has been collected.
struct RocksDbSnapshot::Scan {
  Family family;
  Bytes first;
  Bytes last;
  std::size_t pairs_max;
  std::size_t bytes_max;
  std::size_t bytes = 0;
  Page page;

  [[nodiscard]] bool full() const {
    return !page.pairs.empty() && (page.pairs.size() >= pairs_max || bytes >= bytes_max);
  }
  void take(const rocksdb::Slice& key, const rocksdb::Slice& value) {
    bytes += key.size() + value.size();
    page.pairs.push_back({key.ToString(), value.ToString()});
  }
};

RocksDbSnapshot::RocksDbSnapshot(std::shared_ptr<OpenDatabase> database)
    : database_(std::move(database)), snapshot_(database_->db->GetSnapshot()) {}

RocksDbSnapshot::~RocksDbSnapshot() {
  database_->db->ReleaseSnapshot(snapshot_);
}

rocksdb::ReadOptions RocksDbSnapshot::options(rocksdb::ReadTier tier) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot_;
  options.read_tier = tier;
  return options;
}

rocksdb::Status RocksDbSnapshot::find(rocksdb::ReadTier tier, Family family, const Bytes& key,
                                      std::optional<Bytes>& value) const {
  rocksdb::PinnableSlice found;
  auto status = database_->db->Get(options(tier), database_->handle(family), key, &found);
  if (status.IsNotFound()) return rocksdb::Status::OK();
  if (status.ok()) value.emplace(found.data(), found.size());
  return status;
}

Task<Snapshot::Value> RocksDbSnapshot::get(Family family, Bytes key) const {
  const auto self = shared_from_this();  // a caller may drop its snapshot while it waits
  std::optional<Bytes> value;
  auto status = find(rocksdb::kBlockCacheTier, family, key, value);
  if (status.IsIncomplete()) {
    status = co_await database_->io_pool.run(
        [this, family, &key, &value] { return find(rocksdb::kReadAllTier, family, key, value); });
  }
  if (!status.ok()) co_return tl::unexpected(database_->failed(status));
  co_return value;
}

// The first key that is not in memory tells of the others: they were mostly written, and grew cold, together.
Task<std::vector<Snapshot::Value>> RocksDbSnapshot::get_each(Family family, std::vector<Bytes> keys) const {
  const auto self = shared_from_this();
  std::vector<Value> values(keys.size());
  std::size_t done = 0;
  for (; done < keys.size(); ++done) {
    std::optional<Bytes> value;
    const auto status = find(rocksdb::kBlockCacheTier, family, keys[done], value);
    if (status.IsIncomplete()) break;
    values[done] = status.ok() ? Value(std::move(value)) : tl::unexpected(database_->failed(status));
  }
  if (done < keys.size()) {
    co_await load(family, std::span(keys).subspan(done), std::span(values).subspan(done));
  }
  co_return values;
}

/// In the pool, by several of its threads when there are many.
Task<void> RocksDbSnapshot::load(Family family, std::span<const Bytes> keys, std::span<Value> values) const {
  if (keys.size() > keys_per_job_max) {
    const auto half = keys.size() / 2;
    co_await (load(family, keys.first(half), values.first(half)) &&
              load(family, keys.subspan(half), values.subspan(half)));
    co_return;
  }
  co_await database_->io_pool.run([this, family, &keys, &values] {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      std::optional<Bytes> value;
      const auto status = find(rocksdb::kReadAllTier, family, keys[i], value);
      values[i] = status.ok() ? Value(std::move(value)) : tl::unexpected(database_->failed(status));
    }
  });
}

/// Not tried with memory only, as single keys are: an iterator of this release that lacks a block of one
/// file, and meets a removed range in another, may pass over what was written after the removal, and say that
/// all is well (facebook/rocksdb 11782 and 11786, mended in its 8.5).
rocksdb::Status RocksDbSnapshot::advance(Scan& scan) const {
  auto read = options(rocksdb::kReadAllTier);
  const rocksdb::Slice upper(scan.last);
  if (!scan.last.empty()) read.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> at(
      database_->db->NewIterator(read, database_->handle(scan.family)));
  for (at->Seek(scan.first); at->Valid(); at->Next()) {
    if (scan.full()) {
      scan.page.more = true;
      break;
    }
    scan.take(at->key(), at->value());
  }
  return at->status();
}

Task<Result<Snapshot::Page>> RocksDbSnapshot::scan(Family family, Bytes first, Bytes last,
                                                   std::size_t pairs_max, std::size_t bytes_max) const {
  const auto self = shared_from_this();
  Scan scan{family, std::move(first), std::move(last), pairs_max, bytes_max, 0, {}};
  if (!scan.last.empty() && scan.first >= scan.last) co_return Page{};
  const auto status = co_await database_->io_pool.run([this, &scan] { return advance(scan); });
  if (!status.ok()) co_return tl::unexpected(database_->failed(status));
  co_return std::move(scan.page);
}

/// As advance().
rocksdb::Status RocksDbSnapshot::find_last(Family family, const Bytes& first, const Bytes& last,
                                           std::optional<KeyValue>& pair) const {
  auto read = options(rocksdb::kReadAllTier);
  const rocksdb::Slice lower(first);
  const rocksdb::Slice upper(last);
  read.iterate_lower_bound = &lower;
  if (!last.empty()) read.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> at(database_->db->NewIterator(read, database_->handle(family)));
  at->SeekToLast();
  if (at->Valid()) pair = KeyValue{at->key().ToString(), at->value().ToString()};
  return at->status();
}

Task<Result<std::optional<KeyValue>>> RocksDbSnapshot::last(Family family, Bytes first, Bytes last) const {
  const auto self = shared_from_this();
  std::optional<KeyValue> pair;
  if (!last.empty() && first >= last) co_return pair;
  const auto status = co_await database_->io_pool.run(
      [this, family, &first, &last, &pair] { return find_last(family, first, last, pair); });
  if (!status.ok()) co_return tl::unexpected(database_->failed(status));
  co_return pair;
}

}  // namespace gridmail
