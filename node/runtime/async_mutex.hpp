// AsyncMutex: one coroutine at a time, in the order of asking, without blocking a thread.
#pragma once
#include <deque>
#include <memory>
#include <utility>

#include "node/base/store.hpp"
#include "node/runtime/timer.hpp"

namespace gridmail {

/// Belongs to one strand: all who lock run there. Must outlive its locks and waiters.
class AsyncMutex {
 public:
  /// Holds the mutex until it is destroyed or moved from.
  class Lock {
   public:
    explicit Lock(AsyncMutex* owner) : owner_(owner) {}
    Lock(Lock&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    Lock& operator=(Lock&& other) noexcept {
      std::swap(owner_, other.owner_);
      return *this;
    }
    ~Lock() {
      if (owner_ != nullptr) owner_->unlock();
    }

   private:
    AsyncMutex* owner_;
  };

  /// Throws operation_aborted when the waiting task is cancelled.
  [[nodiscard]] Task<Lock> lock();
  [[nodiscard]] std::size_t waiting() const { return waiters_.size(); }

 private:
  struct Waiter {
    std::shared_ptr<Event> turn;
    bool granted = false;
  };
  void unlock();

  std::deque<std::shared_ptr<Waiter>> waiters_;
  bool locked_ = false;
};

}  // namespace gridmail
