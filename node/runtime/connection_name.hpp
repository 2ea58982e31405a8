// What a connection is called in the log and in traces.
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <string>

#include "node/base/clock.hpp"

namespace gridmail {

/// When it came, in microseconds and hex; of two that come at once one is called a little later. So no other
/// connection of this node is called the same, nor was before a restart. Thread-safe.
[[nodiscard]] inline std::string draw_connection_name(const Clock& clock) {
  static std::atomic<WallMicros> last{0};
  WallMicros before = last.load();
  WallMicros name = 0;
  do {
    name = std::max(clock.wall(), before + 1);
  } while (!last.compare_exchange_weak(before, name));
  return fmt::format("{:x}", name);
}

}  // namespace gridmail
