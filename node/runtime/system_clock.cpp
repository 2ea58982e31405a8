#include "node/runtime/system_clock.hpp"

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <atomic>
#include <ctime>

namespace gridmail {
namespace {

Duration read_clock(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

/// The timer's object is not thread-safe, so dropping an alarm only marks it; the timer itself runs out by
/// itself or is cancelled on the context.
class TimerAlarm final : public Clock::Alarm {
 public:
  struct State {
    explicit State(asio::io_context& context) : timer(asio::make_strand(context)) {}
    asio::steady_timer timer;
    std::atomic<bool> dropped{false};
  };
  explicit TimerAlarm(std::shared_ptr<State> state) : state_(std::move(state)) {}
  ~TimerAlarm() override {
    state_->dropped = true;
    asio::post(state_->timer.get_executor(), [state = state_] { state->timer.cancel(); });
  }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace

TimePoint SystemClock::now() const {
  return {read_clock(CLOCK_BOOTTIME)};
}

WallMicros SystemClock::wall() const {
  return to_micros(read_clock(CLOCK_REALTIME));
}

std::unique_ptr<Clock::Alarm> SystemClock::call_at(TimePoint when, std::function<void()> wake) {
  auto state = std::make_shared<TimerAlarm::State>(context_);
  state->timer.expires_after(when <= now() ? Duration::zero() : when - now());
  state->timer.async_wait([state, wake = std::move(wake)](std::error_code error) {
    if (!error && !state->dropped) wake();
  });
  return std::make_unique<TimerAlarm>(std::move(state));
}

}  // namespace gridmail
