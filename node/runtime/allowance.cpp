#include "node/runtime/allowance.hpp"

#include <algorithm>
#include <asio/this_coro.hpp>

namespace gridmail {

Task<Allowance::Share> Allowance::take(std::uint64_t amount, Rank rank) {
  amount = std::min(amount, total_);
  const auto waiter = std::make_shared<Waiter>();
  waiter->amount = amount;
  waiter->rank = rank;
  waiter->turn = std::make_shared<Event>(co_await asio::this_coro::executor);
  bool at_once = false;
  {
    const std::lock_guard lock(mutex_);
    at_once = waiters_.empty() && left_ >= amount;
    if (at_once) {
      left_ -= amount;
    } else {
      const auto behind = [rank](const auto& other) { return other->rank > rank; };
      waiters_.insert(std::find_if(waiters_.begin(), waiters_.end(), behind), waiter);
    }
  }
  if (at_once) co_return Share(this, amount);
  try {
    co_await waiter->turn->wait();
  } catch (...) {
    // Cancelled; the turn may have come at the same moment, and is then given back.
    bool granted = false;
    {
      const std::lock_guard lock(mutex_);
      granted = waiter->granted;
      if (!granted) std::erase(waiters_, waiter);
    }
    if (granted) give_back(amount);
    throw;
  }
  co_return Share(this, amount);
}

void Allowance::give_back(std::uint64_t amount) {
  const std::lock_guard lock(mutex_);
  left_ += amount;
  while (!waiters_.empty() && waiters_.front()->amount <= left_) {
    const auto next = std::move(waiters_.front());
    waiters_.pop_front();
    left_ -= next->amount;
    next->granted = true;
    next->turn->set();
  }
}

std::size_t Allowance::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiters_.size();
}

}  // namespace gridmail
