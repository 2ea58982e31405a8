#include "node/services/spool.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace gridmail {
namespace {

Error file_error(const char* what) {
  const int code = errno;
  return {code == ENOSPC || code == EDQUOT ? Errc::no_space : Errc::io,
          std::string(what) + ": " + std::strerror(code)};
}

/// A file that has no name: it goes with the process, however that ends.
int open_unlinked(const std::filesystem::path& directory) {
  const int file = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return file;
  auto name = (directory / "spool-XXXXXX").string();  // a file system without O_TMPFILE
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

bool SpoolBudget::take(std::uint64_t bytes) {
  auto used = used_.load();
  do {
    if (bytes > bytes_max_ - used) return false;
  } while (!used_.compare_exchange_weak(used, used + bytes));
  return true;
}

MessageSpool::~MessageSpool() {
  if (mapped_ != nullptr) ::munmap(mapped_, size_);
  if (file_ >= 0) ::close(file_);
  budget_.give_back(taken_);
}

Result<void> MessageSpool::append(BytesView bytes) {
  GRIDMAIL_ASSERT(mapped_ == nullptr);
  if (bytes.size() > settings_.message_bytes_max - size_) return fail(Errc::too_large, "message");
  if (!budget_.take(bytes.size())) return fail(Errc::busy, "too many bytes in flight");
  taken_ += bytes.size();
  if (file_ < 0 && memory_.size() + bytes.size() > settings_.memory_bytes_max) {
    if (auto spilled = spill(); !spilled) return spilled;
  }
  if (file_ < 0) {
    memory_.append(bytes);
  } else if (auto written = write(bytes); !written) {
    return written;
  }
  size_ += bytes.size();
  return {};
}

Result<void> MessageSpool::spill() {
  file_ = open_unlinked(settings_.directory);
  if (file_ < 0) return tl::unexpected(file_error("open spool"));
  auto written = write(memory_);
  memory_ = Bytes();
  return written;
}

Result<void> MessageSpool::write(BytesView bytes) {
  while (!bytes.empty()) {
    const auto count = ::write(file_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return tl::unexpected(file_error("write spool"));
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<Bytes> MessageSpool::read(std::uint64_t offset, std::size_t length) const {
  GRIDMAIL_ASSERT(offset + length <= size_);
  if (file_ < 0) return memory_.substr(offset, length);
  Bytes out(length, '\0');
  for (std::size_t done = 0; done < length;) {
    const auto count = ::pread(file_, out.data() + done, length - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return tl::unexpected(file_error("read spool"));
    if (count == 0) return fail(Errc::io, "spool is shorter than it was written");
    done += static_cast<std::size_t>(count);
  }
  return out;
}

Result<BytesView> MessageSpool::whole() const {
  if (file_ < 0) return BytesView(memory_);
  if (mapped_ == nullptr) {
    void* const mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file_, 0);
    if (mapped == MAP_FAILED) return tl::unexpected(file_error("map spool"));
    mapped_ = mapped;
  }
  return BytesView(static_cast<const char*>(mapped_), size_);
}

}  // namespace gridmail
