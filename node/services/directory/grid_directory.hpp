// GridDirectory: the protocols' Directory port over this node's replica of the directory.
#pragma once
#include "node/services/directory/log_in.hpp"
#include "node/services/directory/recipient_search.hpp"
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
  GridDirectory(const DirectoryView& view, const RecipientSearch& search, LogIn& log_in, Renew renew = {})
      : view_(view), search_(search), log_in_(log_in), renew_(std::move(renew)) {}

  [[nodiscard]] Task<Result<ports::Target>> resolve(std::string address) override;
  [[nodiscard]] Task<Result<bool>> is_local_domain(std::string domain) override;
  [[nodiscard]] Task<Result<ports::Account>> authenticate(std::string login, std::string password,
                                                          std::string peer_address,
                                                          ports::Protocol protocol) override;
  [[nodiscard]] Task<Result<bool>> may_send_as(UserId user, std::string address) override;

 private:
  /// Hashes of those that are for the protocol.
  [[nodiscard]] Task<Result<std::vector<Bytes>>> app_passwords_of(UserId user, ports::Protocol protocol);

  const DirectoryView& view_;
  const RecipientSearch& search_;
  LogIn& log_in_;
  Renew renew_;
};

}  // namespace gridmail
