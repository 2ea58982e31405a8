// A stretch of a stored message's bytes.
#pragma once
#include <cstdint>

#include "node/base/ids.hpp"

namespace gridmail {

struct MessageRange {
  EmailId email;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

}  // namespace gridmail
