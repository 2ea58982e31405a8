#include "storage/local/rocksdb_options.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

namespace gridmail {

std::string_view name_of(Family family) {
  switch (family) {
    case Family::meta:
      return "meta";
    case Family::body:
      return "body";
    case Family::log:
      return "log";
    case Family::node:
      return "node";
  }
  return "";
}

rocksdb::DBOptions database_options(const RocksDbTuning& tuning) {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;

  // One writer thread (group commit), so nothing is gained from concurrent memtable writes.
  options.allow_concurrent_memtable_write = false;
  options.max_background_jobs = tuning.background_jobs;
  options.bytes_per_sync = std::uint64_t{1} << 20;  // no bursts of write-back that delay the log's sync

  // A quick start: nothing is opened or measured that no read asked for, and what the log holds stays in
  // memory.
  options.max_open_files = tuning.open_files_max;
  options.skip_stats_update_on_db_open = true;
  options.skip_checking_sst_file_sizes_on_db_open = true;
  options.avoid_flush_during_recovery = true;
  options.max_total_wal_size = tuning.wal_bytes_max;

  // A torn end (a record cut short by a crash) is normal: it was not acknowledged. Damage before that end
  // must not be skipped silently; RocksDbStore then opens to a point in time and says that it is suspect.
  // Damage near the end passes for a torn one: SyncedMark tells the two apart.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;

  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.max_log_file_size = std::size_t{1} << 20;
  options.keep_log_file_num = 2;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

rocksdb::ColumnFamilyOptions family_options(Family family, const std::filesystem::path& folder,
                                            const RocksDbTuning& tuning,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.cf_paths = {{folder.string(), 0}};
  options.write_buffer_size = tuning.write_buffers_bytes / 2;
  options.max_write_buffer_number = 3;
  options.level_compaction_dynamic_level_bytes = true;
  options.compression = rocksdb::kLZ4Compression;
  options.bottommost_compression = rocksdb::kZSTD;

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.cache_index_and_filter_blocks = true;  // memory stays within the cache, however much is stored
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  // In parts: a whole index or filter of a file has some 100 KiB, and few of them fit into a share of the
  // cache.
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.pin_top_level_index_and_filter = true;
  table.format_version = 5;
  table.block_size = std::size_t{8} << 10;

  if (family == Family::body) {
    options.enable_blob_files = true;
    options.min_blob_size = tuning.blob_bytes_min;
    options.blob_compression_type = rocksdb::kZSTD;
    options.enable_blob_garbage_collection = true;
    options.blob_garbage_collection_age_cutoff = 0.5;
    options.blob_garbage_collection_force_threshold = 0.6;
    // Large enough that few files are kept, small enough that deleted mail gives its room back soon.
    options.blob_file_size = std::uint64_t{64} << 20;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace gridmail
