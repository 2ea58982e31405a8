#include "storage/local/disk_space.hpp"

#include <algorithm>
#include <limits>
#include <system_error>

namespace gridmail {

std::uint64_t DiskSpace::bytes_free() {
  using namespace std::chrono;
  const auto now = duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
  auto last = measured_at_ns_.load();
  const bool stale = last == 0 || now - last > nanoseconds(1s).count();
  // The first caller measures before it marks, so that nobody reads the initial zero as a full disk.
  if (last == 0) bytes_free_ = measure();
  if (stale && measured_at_ns_.compare_exchange_strong(last, now)) bytes_free_ = measure();
  return bytes_free_;
}

std::uint64_t DiskSpace::measure() const {
  auto least = std::numeric_limits<std::uint64_t>::max();
  for (const auto& folder : folders_) {
    std::error_code error;
    const auto space = std::filesystem::space(folder, error);
    least = std::min<std::uint64_t>(least, error ? 0 : space.available);
  }
  return least;
}

}  // namespace gridmail
