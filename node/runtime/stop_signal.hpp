// StopSignal: tells sessions that they are to end, those that wait for a silent client as well.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "node/runtime/timer.hpp"

namespace gridmail {

/// Thread-safe. Outlives the sessions.
class StopSignal {
 public:
  void set();
  /// Sessions that begin from here on may stay.
  void reset() { set_ = false; }
  [[nodiscard]] bool is_set() const { return set_; }
  /// Sets `event` with the signal, at once if that came before.
  void wake(const std::shared_ptr<Event>& event);

 private:
  std::atomic<bool> set_{false};
  std::mutex mutex_;
  std::vector<std::weak_ptr<Event>>
      events_;  ///< some are gone; there are never many more of them than others
  std::size_t sweep_at_ = 64;
};

}  // namespace gridmail
