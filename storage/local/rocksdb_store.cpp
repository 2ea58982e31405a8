#include "storage/local/rocksdb_store.hpp"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include "node/base/log.hpp"
#include "storage/local/rocksdb_snapshot.hpp"
#include "storage/local/store_files.hpp"
#include "storage/local/store_header.hpp"
#include "storage/local/store_salvage.hpp"

namespace gridmail {
namespace {

Result<void> create_folders(const StoreOptions& options) {
  for (const auto& folder : folders_of(options)) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return fail(Errc::io, fmt::format("cannot create {}: {}", folder.string(), error.message()));
  }
  return {};
}

/// RocksDB has no code of its own for "the LOCK file is held"; it says so in words.
bool is_locked(const rocksdb::Status& status) {
  return status.IsIOError() && status.ToString().find("lock") != std::string::npos;
}

rocksdb::Status try_open(const StoreOptions& options, const rocksdb::DBOptions& db_options,
                         OpenDatabase& database, const std::shared_ptr<rocksdb::Cache>& cache) {
  std::vector<rocksdb::ColumnFamilyDescriptor> families{{rocksdb::kDefaultColumnFamilyName, {}}};
  for (const auto family : all_families) {
    families.emplace_back(std::string(name_of(family)),
                          family_options(family, folder_of(options, family), options.tuning, cache));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  auto status = rocksdb::DB::Open(db_options, options.folder.string(), families, &handles, &db);
  if (!status.ok()) return status;
  database.db.reset(db);
  database.unused_default = handles[0];
  std::copy(handles.begin() + 1, handles.end(), database.handles.begin());
  return status;
}

/// Sets `suspect` when the log had to be cut before damage.
Result<std::shared_ptr<OpenDatabase>> open_database(const StoreOptions& options, bool& suspect) {
  const auto cache = rocksdb::NewLRUCache(options.tuning.cache_bytes);
  auto db_options = database_options(options.tuning);
  db_options.write_buffer_manager =
      std::make_shared<rocksdb::WriteBufferManager>(options.tuning.write_buffers_bytes, cache);
  const auto database = std::make_shared<OpenDatabase>(options.io_threads);

  auto status = try_open(options, db_options, *database, cache);
  if (status.IsCorruption()) {
    log(Level::error, "store.suspect", {{"folder", options.folder.string()}, {"error", status.ToString()}});
    suspect = true;
    db_options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    db_options.avoid_flush_during_recovery = false;  // the damaged log is left behind
    status = try_open(options, db_options, *database, cache);
  }
  if (status.ok()) return database;
  if (is_locked(status)) {
    return fail(Errc::busy, fmt::format("{} is already in use by another process", options.folder.string()));
  }
  auto error = to_error(status);
  error.text = fmt::format("cannot open the store {}: {}", options.folder.string(), error.text);
  return tl::unexpected(std::move(error));
}

/// What can be read of a damaged store, if it was found to be so before or is now.
Result<std::shared_ptr<OpenDatabase>> open_or_salvage(const StoreOptions& options, bool& suspect) {
  if (is_marked_damaged(options.folder)) {
    if (auto saved = salvage_store(options, suspect); !saved) return tl::unexpected(saved.error());
  }
  if (auto checked = check_store_files(options); !checked) return tl::unexpected(checked.error());
  auto database = open_database(options, suspect);
  if (database || database.error().code != Errc::corrupted) return database;
  auto saved = mark_damaged(options.folder);
  if (saved) saved = salvage_store(options, suspect);
  if (!saved) return tl::unexpected(saved.error());
  return open_database(options, suspect);
}

/// Reads the header record, or writes it into a store that holds nothing yet.
Result<void> claim(const StoreOptions& options, OpenDatabase& database) {
  auto* const family = database.handle(Family::node);
  std::string record;
  auto status = database.db->Get({}, family, store_header_key(), &record);
  if (status.ok()) return check_store_header(record, options.node);
  if (!status.IsNotFound()) return tl::unexpected(to_error(status));

  const std::unique_ptr<rocksdb::Iterator> any(database.db->NewIterator({}, family));
  any->SeekToFirst();
  if (any->Valid()) return fail(Errc::corrupted, "the store has records but no header");
  rocksdb::WriteOptions durable;
  durable.sync = true;
  status = database.db->Put(durable, family, store_header_key(),
                            encode_store_header(options.node, options.created));
  if (!status.ok()) return tl::unexpected(to_error(status));
  return {};
}

rocksdb::Status add(const OpenDatabase& database, const Batch::Write& write, rocksdb::WriteBatch& to) {
  auto* const family = database.handle(write.family);
  switch (write.kind) {
    case Batch::Write::Kind::put:
      return to.Put(family, write.key, write.value);
    case Batch::Write::Kind::remove:
      return to.Delete(family, write.key);
    case Batch::Write::Kind::remove_range:
      // RocksDB takes a reversed range for a mistake; here it is an empty one.
      return write.key < write.value ? to.DeleteRange(family, write.key, write.value) : rocksdb::Status::OK();
  }
  return rocksdb::Status::InvalidArgument("unknown kind of write");
}

}  // namespace

Result<std::unique_ptr<RocksDbStore>> RocksDbStore::open(StoreOptions options) {
  if (auto created = create_folders(options); !created) return tl::unexpected(created.error());
  bool suspect = false;
  auto database = open_or_salvage(options, suspect);
  if (!database && database.error().code == Errc::corrupted)
    return fail(Errc::corrupted, fmt::format("the store cannot be read: {}; {}", database.error().text,
                                             advice_for_unreadable(options)));
  if (!database) return tl::unexpected(database.error());
  if (SyncedMark::is_beyond((*database)->db->GetLatestSequenceNumber(), options.folder)) suspect = true;
  (*database)->on_damage = options.on_damage;
  if (auto claimed = claim(options, **database); !claimed) {
    return fail(claimed.error().code, fmt::format("{}: {}", options.folder.string(), claimed.error().text));
  }
  return std::unique_ptr<RocksDbStore>(new RocksDbStore(std::move(options), std::move(*database), suspect));
}

RocksDbStore::RocksDbStore(StoreOptions options, std::shared_ptr<OpenDatabase> database, bool suspect)
    : options_(std::move(options)),
      database_(std::move(database)),
      suspect_(suspect),
      space_(folders_of(options_)),
      synced_(options_.folder),
      committer_(std::make_unique<GroupCommit>([this](const auto& group) { return write_group(group); },
                                               options_.group_bytes_max, options_.queue_bytes_max)) {}

RocksDbStore::~RocksDbStore() {
  committer_.reset();
  database_->io_pool.stop();
}

void RocksDbStore::commit(Batch batch, Done done) {
  committer_->commit(std::move(batch), std::move(done));
}

std::shared_ptr<const Snapshot> RocksDbStore::snapshot() {
  return std::make_shared<RocksDbSnapshot>(database_);
}

std::uint64_t RocksDbStore::bytes_stored() const {
  std::uint64_t sum = 0;
  for (auto* const family : database_->handles) {
    for (const auto& property :
         {rocksdb::DB::Properties::kLiveSstFilesSize, rocksdb::DB::Properties::kLiveBlobFileSize,
          rocksdb::DB::Properties::kCurSizeAllMemTables}) {
      std::uint64_t bytes = 0;
      if (database_->db->GetIntProperty(family, property, &bytes)) sum += bytes;
    }
  }
  return sum;
}

Result<void> RocksDbStore::write_group(const std::vector<GroupCommit::Pending>& group) {
  const auto failed = [this](Error error) -> Result<void> {
    log(Level::error, "store.disk_failed", {{"folder", options_.folder.string()}, {"error", error.text}});
    if (options_.on_disk_failure) options_.on_disk_failure(error);
    return tl::unexpected(std::move(error));
  };
  if (space_.bytes_free() < options_.space_floor_bytes) {
    return failed({Errc::no_space, fmt::format("less than {} bytes are free", options_.space_floor_bytes)});
  }
  rocksdb::WriteBatch merged;
  rocksdb::Status status;
  for (const auto& pending : group) {
    for (const auto& write : pending.batch.writes()) {
      if (status.ok()) status = add(*database_, write, merged);
    }
  }
  rocksdb::WriteOptions durable;
  durable.sync = true;
  if (status.ok()) status = database_->db->Write(durable, &merged);
  if (status.ok()) {
    synced_.note(database_->db->GetLatestSequenceNumber());
    return {};
  }

  // Whatever the cause, the log may now end in half a group: RocksDB refuses to go on, and so does the node.
  return failed(to_error(status));
}

}  // namespace gridmail
