// How the store is tuned: one place for every RocksDB option, and why it is not the default.
#pragma once
#include <rocksdb/options.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <string_view>

#include "node/base/store.hpp"

namespace gridmail {

/// What of the tuning is configurable. A node with little data stays small: all of RocksDB's memory is
/// counted against `cache_bytes`, write buffers included.
struct RocksDbTuning {
  std::size_t cache_bytes = std::size_t{64} << 20;
  std::size_t write_buffers_bytes = std::size_t{32} << 20;
  std::size_t wal_bytes_max = std::size_t{64} << 20;  ///< bounds what a start has to replay
  std::size_t blob_bytes_min = std::size_t{4} << 10;  ///< values from this size on live in blob files
  int open_files_max = 512;
  int background_jobs = 2;
};

inline constexpr std::array all_families{Family::meta, Family::body, Family::log, Family::node};
static_assert(all_families.size() == family_count);

/// RocksDB's name of a family, and of its default folder.
[[nodiscard]] std::string_view name_of(Family family);

[[nodiscard]] rocksdb::DBOptions database_options(const RocksDbTuning& tuning);

/// Families in the order of Family; `cache` is shared by all of them.
[[nodiscard]] rocksdb::ColumnFamilyOptions family_options(Family family, const std::filesystem::path& folder,
                                                          const RocksDbTuning& tuning,
                                                          const std::shared_ptr<rocksdb::Cache>& cache);

}  // namespace gridmail
