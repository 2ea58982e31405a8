// LogIn: whether a password is right, at what price, and how long a wrong one waits.
#pragma once
#include <string>

#include "node/services/directory/login_delays.hpp"
#include "node/services/directory/password_hasher.hpp"
#include "node/services/directory/verified_passwords.hpp"

namespace gridmail {

/// What is known of who wants to log in.
struct LoginRecord {
  Bytes owner;                ///< a user's id or "admin/" and a name; empty: there is no such one
  std::uint64_t version = 0;  ///< of the record
  std::string hash;           ///< empty: no password fits
  bool may_log_in = false;
};

/// Thread-safe; must outlive its calls.
class LogIn {
 public:
  LogIn(Clock& clock, Random& random, PasswordHasher& hasher, LoginDelays::Settings delays)
      : clock_(clock), hasher_(hasher), verified_(clock, random), delays_(clock, random, delays) {}

  /// One who does not exist takes as long as a wrong password. Wrong ones are delayed and counted per
  /// `peer_address` when `final`; otherwise (the directory is out of date) they are only unavailable. Errors:
  /// denied, unavailable.
  [[nodiscard]] Task<Result<void>> check(LoginRecord record, std::string password, std::string peer_address,
                                         bool final);
  [[nodiscard]] std::uint64_t failures() const { return delays_.failures(); }

 private:
  Clock& clock_;
  PasswordHasher& hasher_;
  VerifiedPasswords verified_;
  LoginDelays delays_;
};

}  // namespace gridmail
