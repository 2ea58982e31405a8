// GridDirectory: the protocols' Directory port over this node's replica of the directory.
#pragma once
#include "node/services/directory/log_in.hpp"
#include "protocols/ports/directory.hpp"
#include "storage/directory/directory_view.hpp"

namespace gridmail {

/// A password that was right for a hash of an old kind or cost, of this version of the user's record.
struct OldHash {
  UserId user;
  std::uint64_t version = 0;
  std::string password;
};

/// Thread-safe. What it is given must outlive it.
class GridDirectory final : public ports::Directory {
 public:
  /// Is given what has to be hashed anew, and must not keep the log-in waiting. May be empty.
  using Renew = std::function<void(OldHash)>;
  GridDirectory(const DirectoryView& view, LogIn& log_in, Renew renew = {})
      : view_(view), log_in_(log_in), renew_(std::move(renew)) {}

  [[nodiscard]] Task<Result<ports::Target>> resolve(std::string address) override;
  [[nodiscard]] Task<Result<bool>> is_local_domain(std::string domain) override;
  [[nodiscard]] Task<Result<ports::Account>> authenticate(std::string login, std::string password,
                                                          std::string peer_address) override;
  [[nodiscard]] Task<Result<bool>> may_send_as(UserId user, std::string address) override;

 private:
  /// The user of a canonical address; postmaster and abuse of each of our domains are
  /// the grid's postmaster.
  [[nodiscard]] Task<Result<directory::User>> find(std::string canonical) const;

  const DirectoryView& view_;
  LogIn& log_in_;
  Renew renew_;
};

}  // namespace gridmail
