// What the machine's service manager is told of this process (sd_notify(3)): that it is ready, that it stops,
// that it is alive. Started by hand there is none, and nothing is told.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "node/base/clock.hpp"

namespace gridmail {

/// Thread-safe: only reads what it was made with.
class Supervisor {
 public:
  /// From $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID.
  [[nodiscard]] static Supervisor from_environment();

  /// `socket`: a path, or a name that begins with @; empty: nobody listens.
  explicit Supervisor(std::string socket, std::optional<Duration> watchdog = std::nullopt)
      : socket_(std::move(socket)), watchdog_(watchdog) {}

  /// One datagram of variables, a line each, such as "READY=1". What cannot be sent is lost: the manager then
  /// acts as on a process that is silent.
  void tell(std::string_view variables) const;
  [[nodiscard]] bool is_there() const { return !socket_.empty(); }
  /// Within what time it wants to hear WATCHDOG=1 again, and again; nothing when it does not watch.
  [[nodiscard]] std::optional<Duration> watchdog() const { return watchdog_; }

 private:
  std::string socket_;
  std::optional<Duration> watchdog_;
};

}  // namespace gridmail
