// AccessControl: what the HTTP API needs of the grid about who may do what, and who did what.
//
// Thread-safe. Errors common to all calls: unavailable.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "node/api/grid_control.hpp"

namespace gridmail::api {

/// Something that was done.
struct AuditRow {
  std::uint64_t number = 0;
  WallMicros at = 0;
  std::string who;             ///< empty: the grid itself
  std::string address;         ///< where from; empty: not by the network
  std::optional<NodeId> node;  ///< that was asked
  std::string verb, object;    ///< such as "user add" and the address
  std::string before, after;   ///< short
};

class AccessControl {
 public:
  virtual ~AccessControl() = default;

  /// The newest first; those with numbers below `before`.
  [[nodiscard]] virtual Task<Result<std::vector<AuditRow>>> audit(std::uint64_t before,
                                                                  std::uint32_t rows_max) = 0;
};

}  // namespace gridmail::api
