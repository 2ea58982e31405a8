#include "node/runtime/async_mutex.hpp"

#include <asio/this_coro.hpp>

namespace gridmail {

Task<AsyncMutex::Lock> AsyncMutex::lock() {
  if (!locked_) {
    locked_ = true;
    co_return Lock(this);
  }
  const auto waiter = std::make_shared<Waiter>();
  waiter->turn = std::make_shared<Event>(co_await asio::this_coro::executor);
  waiters_.push_back(waiter);
  try {
    co_await waiter->turn->wait();
  } catch (...) {
    // Cancelled; the turn may have come at the same moment, and then it goes on to the next.
    if (waiter->granted) {
      unlock();
    } else {
      std::erase(waiters_, waiter);
    }
    throw;
  }
  co_return Lock(this);
}

void AsyncMutex::unlock() {
  if (waiters_.empty()) {
    locked_ = false;
    return;
  }
  const auto next = std::move(waiters_.front());
  waiters_.pop_front();
  next->granted = true;
  next->turn->set();
}

}  // namespace gridmail
