#include "storage/local/synced_mark.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>

#include "node/base/bytes.hpp"
#include "node/base/log.hpp"

namespace gridmail {
namespace {

constexpr auto file_name = "SYNCED";
constexpr std::size_t record_bytes = 16;  // the number, and all its bits the other way round

}  // namespace

SyncedMark::SyncedMark(const std::filesystem::path& folder)
    : file_(::open((folder / file_name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) {
  if (file_ < 0) log(Level::warn, "store.no_synced_mark", {{"folder", folder.string()}});
}

SyncedMark::~SyncedMark() {
  if (file_ >= 0) ::close(file_);
}

bool SyncedMark::is_beyond(std::uint64_t sequence, const std::filesystem::path& folder) {
  std::ifstream file(folder / file_name, std::ios::binary);
  Bytes record(record_bytes, '\0');
  if (!file.read(record.data(), record_bytes)) return false;
  const std::uint64_t synced = read_be64(record);
  if (synced != ~read_be64(record, 8) || synced <= sequence) return false;
  log(Level::error, "store.lost_end",
      {{"folder", folder.string()}, {"synced_to", synced}, {"read_to", sequence}});
  return true;
}

void SyncedMark::note(std::uint64_t sequence) {
  if (file_ < 0) return;
  Bytes record;
  append_be64(record, sequence);
  append_be64(record, ~sequence);
  // A mark that could not be written is an older one, or none: either is true, and says less.
  [[maybe_unused]] const auto written = ::pwrite(file_, record.data(), record.size(), 0);
}

}  // namespace gridmail
