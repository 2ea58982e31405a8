// AccountWatch: whether who has logged in is still a user: whoever was removed has no session any more, nor
// who had the address before somebody else got it.
#pragma once
#include "node/base/clock.hpp"
#include "protocols/ports/directory.hpp"

namespace gridmail::ports {

/// Of one session, on its strand.
class AccountWatch {
 public:
  /// Asks the directory every two seconds at most; in between, and while that cannot tell, nobody is gone.
  [[nodiscard]] Task<bool> is_gone(Directory& directory, UserId user, std::string login, TimePoint now) {
    if (now < looked_at_ + std::chrono::seconds(2)) co_return false;
    looked_at_ = now;
    const auto target = co_await directory.resolve(std::move(login));
    co_return target ? target->id != user : target.error().code == Errc::not_found;
  }

 private:
  TimePoint looked_at_{};
};

}  // namespace gridmail::ports
