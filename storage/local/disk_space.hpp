// How much room is left where the store writes; asked often, measured at most once a second.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace gridmail {

/// Thread-safe. Reports the fullest of its folders' file systems.
class DiskSpace {
 public:
  explicit DiskSpace(std::vector<std::filesystem::path> folders) : folders_(std::move(folders)) {}

  /// Bytes free for this process, at most a second old. A file system that cannot be asked counts as full.
  [[nodiscard]] std::uint64_t bytes_free();

 private:
  [[nodiscard]] std::uint64_t measure() const;

  const std::vector<std::filesystem::path> folders_;
  std::atomic<std::int64_t> measured_at_ns_{0};
  std::atomic<std::uint64_t> bytes_free_{0};
};

}  // namespace gridmail
