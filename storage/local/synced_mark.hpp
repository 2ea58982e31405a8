// SyncedMark: up to which of RocksDB's sequence numbers the log was synced, in a file beside it. It is
// written after each sync and never synced itself: that costs a write into memory, outlives the process, and
// a power loss leaves at worst what it was some seconds before. A log that ends before it has lost something
// acknowledged, however much the damage looks like a torn end.
#pragma once
#include <cstdint>
#include <filesystem>

namespace gridmail {

/// One at a time; on one thread.
class SyncedMark {
 public:
  /// Opens or creates the file. Where that fails there is no mark: the log is then believed.
  explicit SyncedMark(const std::filesystem::path& folder);
  ~SyncedMark();
  SyncedMark(const SyncedMark&) = delete;
  SyncedMark& operator=(const SyncedMark&) = delete;

  /// Whether an earlier process noted more than the `sequence` to which the log there could be read.
  [[nodiscard]] static bool is_beyond(std::uint64_t sequence, const std::filesystem::path& folder);
  void note(std::uint64_t sequence);

 private:
  const int file_;
};

}  // namespace gridmail
