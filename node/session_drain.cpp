#include "node/session_drain.hpp"

#include "node/base/log.hpp"

namespace gridmail {

SessionDrain::SessionDrain(Clock& clock, const asio::any_io_executor& executor, Settings settings,
                           StopSignal& end, std::function<void()> cut_off)
    : clock_(clock),
      executor_(executor),
      settings_(settings),
      end_(end),
      cut_off_(std::move(cut_off)),
      changed_(std::make_shared<Event>(executor)) {}

void SessionDrain::look(bool draining) {
  if (draining_.exchange(draining) != draining) changed_->set();
}

Task<bool> SessionDrain::stays(bool draining, TimePoint until) {
  while (draining_ == draining) {
    if (clock_.now() >= until) co_return true;
    const auto alarm = clock_.call_at(until, [changed = changed_] { changed->set(); });
    co_await changed_->wait();
    changed_->reset();
  }
  co_return false;
}

Task<void> SessionDrain::run() {
  for (;;) {
    co_await stays(false, TimePoint::never());
    const bool noticed = co_await stays(true, clock_.now() + 2 * settings_.check_interval);
    if (!noticed) continue;
    log(Level::info, "sessions.sent_away");
    end_.set();
    const bool late = co_await stays(true, clock_.now() + settings_.limit);
    if (late) {
      cut_off_();
      co_await stays(true, TimePoint::never());
    }
    end_.reset();
    log(Level::info, "sessions.welcome_again");
  }
}

}  // namespace gridmail
