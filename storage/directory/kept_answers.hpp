// How long answers to requests with idempotency keys are kept, and how many.
#pragma once
#include <chrono>

#include "node/base/clock.hpp"
#include "storage/directory/directory.pb.h"

namespace gridmail {

inline constexpr std::size_t answer_bytes_max = 4096;
inline constexpr std::uint64_t answers_max = 10'000;
inline constexpr WallMicros answer_kept = 24LL * 3600 * 1'000'000;
/// Who does not say for so long what came of a request has died over it: an answer takes 40 s at most.
inline constexpr WallMicros request_takes_max = 120LL * 1'000'000;

/// Whether a request with this key is not to be made again. Wall clocks may differ by little.
[[nodiscard]] inline bool still_kept(const directory::KeptAnswer& answer, WallMicros now) {
  return answer.begun() + (answer.status() == 0 ? request_takes_max : answer_kept) > now;
}

}  // namespace gridmail
