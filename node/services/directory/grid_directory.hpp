// GridDirectory: the protocols' Directory port over this node's replica of the directory.
#pragma once
#include "node/services/directory/log_in.hpp"
#include "protocols/ports/directory.hpp"
#include "storage/directory/directory_view.hpp"

namespace gridmail {

/// Thread-safe. What it is given must outlive it.
class GridDirectory final : public ports::Directory {
 public:
  GridDirectory(const DirectoryView& view, LogIn& log_in) : view_(view), log_in_(log_in) {}

  [[nodiscard]] Task<Result<ports::Target>> resolve(std::string address) override;
  [[nodiscard]] Task<Result<bool>> is_local_domain(std::string domain) override;
  [[nodiscard]] Task<Result<ports::Account>> authenticate(std::string login, std::string password,
                                                          std::string peer_address) override;
  [[nodiscard]] Task<Result<bool>> may_send_as(UserId user, std::string address) override;

 private:
  /// The user of a canonical address; postmaster of each of our domains is the grid's.
  [[nodiscard]] Task<Result<directory::User>> find(std::string canonical) const;

  const DirectoryView& view_;
  LogIn& log_in_;
};

}  // namespace gridmail
