#include "storage/local/store_salvage.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/write_batch.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "node/base/log.hpp"
#include "storage/local/rocksdb_snapshot.hpp"
#include "storage/local/synced_mark.hpp"

namespace gridmail {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view mark_name = "DAMAGED";
constexpr std::string_view new_name = "salvaged";
// What the mark says.
constexpr std::string_view to_copy = "copy";    // what can be read, into the folders `salvaged`
constexpr std::string_view to_empty = "empty";  // that is done: the old files can go
constexpr std::string_view to_move = "move";    // those are gone: the new ones take their place

constexpr std::size_t prefix_bytes = 4;
constexpr std::uint32_t prefixes_max = 70'000;  // slots; above there are only a node's replicas
constexpr std::size_t batch_bytes_max = 4 << 20;

using Prefix = std::uint32_t;
/// What was lost of each slot, for people.
using Losses = std::map<Prefix, std::string>;

Result<void> write_mark(const fs::path& folder, std::string_view text) {
  const fs::path fresh = folder / fmt::format("{}.new", mark_name);
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return fail(Errc::io, "cannot write " + fresh.string());
  const bool written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
  ::close(file);
  std::error_code error;
  if (written) fs::rename(fresh, folder / mark_name, error);
  if (!written || error) return fail(Errc::io, "cannot write " + fresh.string());
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return fail(Errc::io, "cannot open " + folder.string());
  const bool synced = ::fsync(directory) == 0;
  ::close(directory);
  return synced ? Result<void>() : fail(Errc::io, "cannot sync " + folder.string());
}

std::string read_mark(const fs::path& folder) {
  std::ifstream file(folder / mark_name);
  std::string text;
  file >> text;
  return text;
}

Prefix prefix_of(BytesView key) {
  return key.size() >= prefix_bytes ? read_be32(key) : 0;
}
Bytes first_of(Prefix prefix) {
  Bytes key;
  append_be32(key, prefix);
  return key;
}
/// The next one that may hold something.
std::optional<Prefix> after(Prefix prefix) {
  if (prefix == UINT32_MAX) return std::nullopt;
  return prefix < prefixes_max || prefix >= UINT32_MAX - 1 ? prefix + 1 : UINT32_MAX - 1;
}

/// Both databases, closed in the end.
struct Opened {
  ~Opened() {
    for (auto* handle : handles) {
      if (db) db->DestroyColumnFamilyHandle(handle);
    }
  }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle(Family family) const {
    return handles[1 + static_cast<std::size_t>(family)];
  }
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
};

using Families = std::vector<rocksdb::ColumnFamilyDescriptor>;

/// In the folders of the store, or those below that are to take their place.
Families families_in(const StoreOptions& options, std::string_view below) {
  const auto cache = rocksdb::NewLRUCache(options.tuning.cache_bytes);
  Families families{{rocksdb::kDefaultColumnFamilyName, {}}};
  for (const auto family : all_families) {
    families.emplace_back(std::string(name_of(family)),
                          family_options(family, folder_of(options, family) / below, options.tuning, cache));
  }
  return families;
}

/// A table that cannot be opened is met when it is read.
Result<void> open_old(const StoreOptions& options, bool& suspect, Opened& opened) {
  auto db_options = database_options(options.tuning);
  db_options.paranoid_checks = false;
  db_options.verify_sst_unique_id_in_manifest = false;  // of what takes the place of a lost table
  const auto families = families_in(options, {});
  rocksdb::DB* db = nullptr;
  const auto folder = options.folder.string();
  auto status = rocksdb::DB::OpenForReadOnly(db_options, folder, families, &opened.handles, &db);
  if (status.IsCorruption()) {
    db_options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    opened.handles.clear();
    status = rocksdb::DB::OpenForReadOnly(db_options, folder, families, &opened.handles, &db);
    suspect = true;
  }
  if (!status.ok()) return tl::unexpected(to_error(status));
  opened.db.reset(db);
  return {};
}

Result<void> create_new(const StoreOptions& options, Opened& opened) {
  rocksdb::DB* db = nullptr;
  const auto status =
      rocksdb::DB::Open(database_options(options.tuning), (options.folder / new_name).string(),
                        families_in(options, new_name), &opened.handles, &db);
  if (!status.ok()) return tl::unexpected(to_error(status));
  opened.db.reset(db);
  return {};
}

/// A table of `size` bytes, as the list of files says of the one that was there. It has this key only.
Result<void> write_stand_in(const fs::path& path, const Bytes& key, std::uint64_t size) {
  std::error_code error;
  if (fs::exists(path, error)) fs::rename(path, path.string() + ".unreadable", error);
  if (error) return fail(Errc::io, fmt::format("cannot rename {}: {}", path.string(), error.message()));
  rocksdb::Options options;
  options.compression = rocksdb::kNoCompression;
  std::uint64_t value_bytes = 0;
  for (int attempt = 0; attempt < 8; ++attempt) {
    rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), options);
    rocksdb::ExternalSstFileInfo written;
    auto status = writer.Open(path.string());
    if (status.ok()) status = writer.Put(key, Bytes(value_bytes, '\0'));
    if (status.ok()) status = writer.Finish(&written);
    if (!status.ok()) return tl::unexpected(to_error(status));
    if (written.file_size == size) return {};
    if (value_bytes + size < written.file_size) break;
    value_bytes += size - written.file_size;
  }
  return fail(Errc::corrupted, fmt::format("nothing can take the place of {}", path.string()));
}

/// Copies one family. Where it cannot be read, it goes on with the next slot that can.
class FamilyCopy {
 public:
  FamilyCopy(const Opened& from, const Opened& to, Family family, bool has_folder_of_its_own, Losses& losses)
      : from_(from),
        to_(to),
        family_(family),
        has_folder_of_its_own_(has_folder_of_its_own),
        losses_(losses) {}

  Result<void> run() {
    if (auto replaced = replace_unreadable_tables(); !replaced) return replaced;
    for (std::optional<Bytes> next = Bytes(); next;) {
      auto went = copy_from(*next);
      if (!went) return tl::unexpected(went.error());
      next = std::move(*went);
    }
    return flush();
  }

 private:
  /// Around a table that cannot be opened, or that the disk has forgotten, nothing of its level can be read.
  /// So another takes its place, which holds nothing; every slot that it may have held something of is named.
  Result<void> replace_unreadable_tables() {
    std::vector<rocksdb::LiveFileMetaData> files;
    from_.db->GetLiveFilesMetaData(&files);
    std::erase_if(files, [this](const auto& file) { return file.column_family_name != name_of(family_); });
    const auto is_missing = [](const auto& file) { return !fs::exists(file.db_path + file.name); };
    const bool all_missing = !files.empty() && std::all_of(files.begin(), files.end(), is_missing);
    if (all_missing && has_folder_of_its_own_)
      return fail(Errc::corrupted, fmt::format("no table of family {} is in {}: is its disk mounted?",
                                               name_of(family_), files.front().db_path));
    for (const auto& file : files) {
      const fs::path path = file.db_path + file.name;
      const auto opened = rocksdb::SstFileReader({}).Open(path.string());
      if (opened.ok()) continue;
      if (family_ == Family::node)
        return fail(Errc::corrupted, fmt::format("family {}: {}", name_of(family_), opened.ToString()));
      log(Level::error, "store.lost_table", {{"table", path.string()}, {"error", opened.ToString()}});
      const Prefix last = prefix_of(file.largestkey);
      for (std::optional<Prefix> at = prefix_of(file.smallestkey); at && *at <= last; at = after(*at))
        losses_[*at] += fmt::format("{} in a whole table; ", name_of(family_));
      stand_ins_.insert(file.smallestkey + '\0');
      if (auto written = write_stand_in(path, file.smallestkey + '\0', file.size); !written) return written;
    }
    return {};
  }

  /// Up to the end, or to where something cannot be read; then, where to go on.
  Result<std::optional<Bytes>> copy_from(const Bytes& first) {
    rocksdb::ReadOptions read;
    read.fill_cache = false;
    const std::unique_ptr<rocksdb::Iterator> at(from_.db->NewIterator(read, from_.handle(family_)));
    Bytes last = first;
    for (at->Seek(first); at->Valid(); at->Next()) {
      last = at->key().ToString();
      if (stand_ins_.contains(last)) continue;
      const auto put = batch_.Put(to_.handle(family_), at->key(), at->value());
      if (!put.ok()) return tl::unexpected(to_error(put));
      if (batch_.GetDataSize() < batch_bytes_max) continue;
      if (auto flushed = flush(); !flushed) return tl::unexpected(flushed.error());
    }
    if (at->status().ok()) return std::optional<Bytes>();
    if (!at->status().IsCorruption() || family_ == Family::node)
      return fail(Errc::corrupted, fmt::format("family {}: {}", name_of(family_), at->status().ToString()));
    const Prefix lost = prefix_of(last);
    losses_[lost] += fmt::format("{} after {}; ", name_of(family_), to_hex(last));
    log(Level::error, "store.lost",
        {{"slot", lost},
         {"family", name_of(family_)},
         {"after", to_hex(last)},
         {"error", at->status().ToString()}});
    const auto next = after(lost);
    return next ? std::optional<Bytes>(first_of(*next)) : std::nullopt;
  }

  Result<void> flush() {
    rocksdb::WriteOptions unlogged;
    unlogged.disableWAL = true;
    const auto status = to_.db->Write(unlogged, &batch_);
    batch_.Clear();
    return status.ok() ? Result<void>() : tl::unexpected(to_error(status));
  }

  const Opened& from_;
  const Opened& to_;
  const Family family_;
  const bool has_folder_of_its_own_;
  Losses& losses_;
  std::set<Bytes> stand_ins_;  // the only keys of tables that took the place of others
  rocksdb::WriteBatch batch_;
};

Result<void> copy_what_can_be_read(const StoreOptions& options, bool& suspect) {
  std::error_code error;
  for (const auto& folder : folders_of(options)) {
    fs::remove_all(folder / new_name, error);
    fs::create_directories(folder / new_name, error);
    if (error) return fail(Errc::io, fmt::format("{}: {}", (folder / new_name).string(), error.message()));
  }
  Opened from;
  Opened to;
  if (auto opened = open_old(options, suspect, from); !opened) return opened;
  if (SyncedMark::is_beyond(from.db->GetLatestSequenceNumber(), options.folder)) suspect = true;
  if (auto opened = create_new(options, to); !opened) return opened;
  Losses losses;
  for (const auto family : all_families) {
    const bool apart = options.family_folders.contains(family);
    if (auto copied = FamilyCopy(from, to, family, apart, losses).run(); !copied) return copied;
  }
  for (const auto& [prefix, what] : losses) {
    rocksdb::WriteOptions unlogged;
    unlogged.disableWAL = true;
    const auto put = to.db->Put(unlogged, to.handle(Family::node), lost_key(prefix), what);
    if (!put.ok()) return tl::unexpected(to_error(put));
  }
  const auto flushed = to.db->Flush({}, to.handles);
  return flushed.ok() ? Result<void>() : tl::unexpected(to_error(flushed));
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_regular_file() && entry.path().filename() != mark_name) files.push_back(entry.path());
  }
  return files;
}

Result<void> remove_old(const StoreOptions& options) {
  std::error_code error;
  for (const auto& folder : folders_of(options)) {
    for (const auto& file : files_in(folder)) {
      if (!fs::remove(file, error)) return fail(Errc::io, "cannot remove " + file.string());
    }
  }
  return {};
}

Result<void> move_new(const StoreOptions& options) {
  std::error_code error;
  for (const auto& folder : folders_of(options)) {
    for (const auto& file : files_in(folder / new_name)) {
      fs::rename(file, folder / file.filename(), error);
      if (error) return fail(Errc::io, fmt::format("cannot move {}: {}", file.string(), error.message()));
    }
    fs::remove_all(folder / new_name, error);
  }
  fs::remove(options.folder / mark_name, error);
  return error ? fail(Errc::io, "cannot remove the mark of damage") : Result<void>();
}

}  // namespace

fs::path folder_of(const StoreOptions& options, Family family) {
  const auto found = options.family_folders.find(family);
  return found == options.family_folders.end() ? options.folder / name_of(family) : found->second;
}

std::vector<fs::path> folders_of(const StoreOptions& options) {
  std::vector<fs::path> folders{options.folder};
  for (const auto family : all_families) folders.push_back(folder_of(options, family));
  return folders;
}

Result<void> mark_damaged(const fs::path& folder) {
  return is_marked_damaged(folder) ? Result<void>() : write_mark(folder, to_copy);
}

bool is_marked_damaged(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / mark_name, error);
}

Result<void> salvage_store(const StoreOptions& options, bool& suspect) {
  log(Level::error, "store.salvage", {{"folder", options.folder.string()}});
  auto next = read_mark(options.folder);
  if (next != to_empty && next != to_move) {
    if (auto copied = copy_what_can_be_read(options, suspect); !copied) return copied;
    if (auto marked = write_mark(options.folder, to_empty); !marked) return marked;
    next = to_empty;
  }
  if (next == to_empty) {
    if (auto removed = remove_old(options); !removed) return removed;
    if (auto marked = write_mark(options.folder, to_move); !marked) return marked;
  }
  return move_new(options);
}

}  // namespace gridmail
