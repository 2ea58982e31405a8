// The Directory port over a few maps, for tests of the protocols.
#pragma once
#include <map>
#include <set>
#include <string>

#include "protocols/ports/directory.hpp"

namespace gridmail::testing {

/// One thread. Addresses compare in lower case.
class MemoryDirectory final : public ports::Directory {
 public:
  /// Adds the address, its domain and its password; returns the new user's id.
  UserId add_user(const std::string& address, const std::string& password);
  void remove_user(const std::string& address) { users_.erase(address); }
  void add_alias(const std::string& alias, const std::string& address);
  /// While stale, a miss and a failed password are temporary (design, words: directory).
  void set_stale(bool stale) { stale_ = stale; }
  [[nodiscard]] std::size_t failed_logins() const { return failed_logins_; }

  [[nodiscard]] Task<Result<ports::Target>> resolve(std::string address) override;
  [[nodiscard]] Task<Result<bool>> is_local_domain(std::string domain) override;
  [[nodiscard]] Task<Result<ports::Account>> authenticate(std::string login, std::string password,
                                                          std::string peer_address,
                                                          ports::Protocol protocol) override;
  [[nodiscard]] Task<Result<bool>> may_send_as(UserId user, std::string address) override;

 private:
  struct User {
    UserId id;
    std::string address;
    std::string password;
  };
  [[nodiscard]] const User* find(const std::string& address) const;

  std::map<std::string, User> users_;
  std::map<std::string, std::string> aliases_;
  std::set<std::string> domains_;
  std::size_t failed_logins_ = 0;
  std::uint8_t next_id_ = 0;
  bool stale_ = false;
};

}  // namespace gridmail::testing
