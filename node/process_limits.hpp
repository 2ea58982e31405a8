// What the machine lets this process have.
#pragma once
#include <cstdint>

namespace gridmail {

struct OpenFiles {
  std::uint64_t open = 0;
  std::uint64_t max = 0;  ///< more cannot be opened
};

/// Files and sockets. `open` is 0 where /proc is not to be read.
[[nodiscard]] OpenFiles open_files();

}  // namespace gridmail
