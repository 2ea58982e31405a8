#include "node/process_limits.hpp"

#include <sys/resource.h>

#include <filesystem>

namespace gridmail {

OpenFiles open_files() {
  OpenFiles files;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) files.max = limit.rlim_cur;
  std::error_code unreadable;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", unreadable), end;
       !unreadable && entry != end; entry.increment(unreadable))
    ++files.open;
  return files;
}

}  // namespace gridmail
