// StrandTimer: one alarm that rings on a strand, as the state machines of gossip need it.
#pragma once
#include <asio/any_io_executor.hpp>
#include <functional>
#include <memory>

#include "node/base/clock.hpp"

namespace gridmail {

/// To be used on its strand only. Setting it again replaces what was set; destroying it cancels, also when
/// the clock has rung but the strand has not come to it yet.
class StrandTimer {
 public:
  StrandTimer(asio::any_io_executor strand, Clock& clock) : strand_(std::move(strand)), clock_(clock) {}
  StrandTimer(const StrandTimer&) = delete;
  StrandTimer& operator=(const StrandTimer&) = delete;

  void set_at(TimePoint when, std::function<void()> ring);
  void set_after(Duration delay, std::function<void()> ring) {
    set_at(clock_.now() + delay, std::move(ring));
  }
  void cancel();
  [[nodiscard]] bool is_set() const { return ring_ != nullptr; }

 private:
  asio::any_io_executor strand_;
  Clock& clock_;
  std::shared_ptr<std::function<void()>> ring_;  // the strand's handler holds it weakly
  std::unique_ptr<Clock::Alarm> alarm_;
};

}  // namespace gridmail
