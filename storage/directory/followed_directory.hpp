// How old this node's replica of the directory is. The follower that copies committed operations here
// implements it.
#pragma once
#include <chrono>

#include "node/base/clock.hpp"

namespace gridmail {

/// While the replica is older than this, a miss or a failed password is temporary, never final (design,
/// words).
inline constexpr Duration directory_age_max = std::chrono::seconds(5);

/// Thread-safe.
class FollowedDirectory {
 public:
  virtual ~FollowedDirectory() = default;
  /// Time since this node knew that it had applied all that the directory's primary had committed.
  [[nodiscard]] virtual Duration age() const = 0;
  [[nodiscard]] virtual bool fresh() const { return age() <= directory_age_max; }
};

}  // namespace gridmail
