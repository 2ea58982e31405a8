#include "node/runtime/timer.hpp"

#include <asio/dispatch.hpp>
#include <asio/error.hpp>
#include <asio/redirect_error.hpp>
#include <asio/system_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

namespace gridmail {
namespace {

Task<bool> waited(std::shared_ptr<Event> event) {
  co_await event->wait();
  co_return true;
}

}  // namespace

Event::Event(asio::any_io_executor executor) : timer_(executor, asio::steady_timer::time_point::max()) {}

void Event::set() {
  // At once where the executor is free: what waits is resumed by the timer, never from here.
  asio::dispatch(timer_.get_executor(), [self = shared_from_this()] {
    self->set_ = true;
    self->timer_.cancel();
  });
}

Task<void> Event::wait() {
  const auto self = shared_from_this();
  while (!set_) {
    std::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none) {
      throw asio::system_error(asio::error::operation_aborted);
    }
  }
}

Task<void> sleep_until(Clock& clock, TimePoint when) {
  if (clock.now() >= when) co_return;
  const auto rung = std::make_shared<Event>(co_await asio::this_coro::executor);
  const auto alarm = clock.call_at(when, [rung] { rung->set(); });
  co_await rung->wait();
}

Task<void> sleep_for(Clock& clock, Duration duration) {
  return sleep_until(clock, clock.now() + duration);
}

Task<bool> before(Clock& clock, TimePoint deadline, std::shared_ptr<Event> event) {
  const auto set = co_await before(clock, deadline, waited(std::move(event)));
  co_return set.has_value();
}

}  // namespace gridmail
