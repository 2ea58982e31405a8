// LogIn: whether a password is right, at what price, and how long a wrong one waits.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "node/services/directory/login_delays.hpp"
#include "node/services/directory/password_hasher.hpp"
#include "node/services/directory/verified_passwords.hpp"
#include "node/services/limits/usage_limits.hpp"

namespace gridmail {

/// What is known of who wants to log in.
struct LoginRecord {
  Bytes owner;                ///< a user's id or "admin/" and a name; empty: there is no such one
  std::uint64_t version = 0;  ///< of the record
  std::string hash;           ///< empty: no password fits
  bool may_log_in = false;
  std::vector<Bytes> app_passwords = {};  ///< hashes of those that are for the protocol (access_admin.hpp)
};

/// The password was right.
struct LoggedIn {
  bool hash_is_old = false;  ///< of another kind or cost than new ones: now is the time to replace it
};

/// Thread-safe; must outlive its calls.
class LogIn {
 public:
  /// Tells the other nodes; what they get they give to take_verified(). May be empty.
  using Tell = std::function<void(Bytes)>;
  /// `limits`: of log-ins and failed ones; may be null.
  LogIn(Clock& clock, Random& random, PasswordHasher& hasher, LoginDelays::Settings delays, Tell tell = {},
        UsageLimits* limits = nullptr)
      : clock_(clock),
        hasher_(hasher),
        verified_(clock, random),
        delays_(clock, random, delays),
        tell_(std::move(tell)),
        limits_(limits) {}

  /// One who does not exist takes as long as a wrong password. Wrong ones are delayed and counted per
  /// `peer_address` when `final`; otherwise (the directory is out of date) they are only unavailable. Errors:
  /// denied; unavailable, also where there were too many log-ins or failed ones.
  [[nodiscard]] Task<Result<LoggedIn>> check(LoginRecord record, std::string password,
                                             std::string peer_address, bool final);
  /// From a member of the grid, whose own check it replaces here.
  void take_verified(BytesView told) { verified_.take(told); }
  [[nodiscard]] std::uint64_t failures() const { return delays_.failures(); }

 private:
  /// Whose password is right. Errors: unavailable.
  [[nodiscard]] Result<LoggedIn> let_in(const LoginRecord& record, LoggedIn how);

  Clock& clock_;
  PasswordHasher& hasher_;
  VerifiedPasswords verified_;
  LoginDelays delays_;
  Tell tell_;
  UsageLimits* limits_;
};

}  // namespace gridmail
