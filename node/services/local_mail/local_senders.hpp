// LocalSenders: the Directory port as a program on this machine sees it that hands mail to the node's socket.
#pragma once
#include <string>

#include "protocols/ports/directory.hpp"

namespace gridmail {

/// Of one connection. Who it is, the socket says; nobody logs in. What is for this machine's own name, such
/// as cron's mail for root, goes to the postmaster, unless the name is a domain of the grid.
class LocalSenders final : public ports::Directory {
 public:
  /// `user`: a name of this machine's. `trusted`: may send as anybody; others as NAME@hostname only.
  LocalSenders(ports::Directory& directory, std::string hostname, std::string user, bool trusted)
      : directory_(directory), hostname_(std::move(hostname)), user_(std::move(user)), trusted_(trusted) {}

  [[nodiscard]] Task<Result<ports::Target>> resolve(std::string address) override;
  [[nodiscard]] Task<Result<bool>> is_local_domain(std::string domain) override;
  [[nodiscard]] Task<Result<ports::Account>> authenticate(std::string login, std::string password,
                                                          std::string peer_address,
                                                          ports::Protocol protocol) override;
  [[nodiscard]] Task<Result<bool>> may_send_as(UserId user, std::string address) override;

 private:
  ports::Directory& directory_;
  const std::string hostname_;
  const std::string user_;
  const bool trusted_;
};

}  // namespace gridmail
