// Allowance: a limited amount of something (bytes in memory, computations at once) that coroutines wait for.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

#include "node/base/store.hpp"
#include "node/runtime/timer.hpp"

namespace gridmail {

/// Thread-safe. First come, first served, the preferred ones before the others. Must outlive its shares.
class Allowance {
 public:
  enum class Rank : std::uint8_t { preferred, common };
  explicit Allowance(std::uint64_t total) : total_(total), left_(total) {}

  /// Gives its amount back when destroyed.
  class Share {
   public:
    Share(Allowance* owner, std::uint64_t amount) : owner_(owner), amount_(amount) {}
    Share(Share&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), amount_(other.amount_) {}
    Share& operator=(Share&& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(amount_, other.amount_);
      return *this;
    }
    ~Share() {
      if (owner_ != nullptr) owner_->give_back(amount_);
    }

   private:
    Allowance* owner_;
    std::uint64_t amount_;
  };

  /// Waits for `amount`; more than the total counts as the total. Throws operation_aborted on cancellation.
  [[nodiscard]] Task<Share> take(std::uint64_t amount, Rank rank = Rank::common);
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Waiter {
    std::uint64_t amount;
    Rank rank;
    std::shared_ptr<Event> turn;
    bool granted = false;
  };
  void give_back(std::uint64_t amount);

  mutable std::mutex mutex_;
  const std::uint64_t total_;
  std::uint64_t left_;
  std::deque<std::shared_ptr<Waiter>> waiters_;
};

}  // namespace gridmail
