// How busy this process keeps the machine's processors.
#pragma once
#include <optional>

#include "node/base/clock.hpp"

namespace gridmail {

class ProcessorMeter {
 public:
  /// Processor time this process used since the last call, of all cores: 0 … 1. The first call gives 0.
  [[nodiscard]] double load(TimePoint now);

 private:
  std::optional<TimePoint> measured_;
  Duration used_{};
};

}  // namespace gridmail
