// The Limits port: how much one client or user may do within a time. No call waits.
#pragma once
#include <string>

#include "node/base/ids.hpp"

namespace gridmail::ports {

/// Thread-safe.
class Limits {
 public:
  virtual ~Limits() = default;
  /// Counts one, for the address, its network and the user, who is nil where nobody has logged in. False: one
  /// of them has had too many; nothing is counted.
  [[nodiscard]] virtual bool may_send_message(const std::string& peer_address, UserId user) = 0;
  [[nodiscard]] virtual bool may_name_recipient(const std::string& peer_address, UserId user) = 0;
};

}  // namespace gridmail::ports
