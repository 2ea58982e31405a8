// RecipientAdmin: what administrators do with addresses that lead to others: other names of domains,
// catch-alls, lists, forwarding; and with who may send in whose name.
#pragma once
#include <string>
#include <vector>

#include "storage/directory/directory_client.hpp"
#include "storage/directory/directory_view.hpp"

namespace gridmail {

struct Forwarding {
  std::vector<std::string> to;
  bool only = false;  ///< the mailbox gets none
};

/// Thread-safe, without state of its own; what it is given must outlive its calls. Addresses and domains are
/// taken as people write them; local parts elsewhere keep their case. Errors common to all: unavailable;
/// invalid, not_found, already_exists, conflict, too_large.
class RecipientAdmin {
 public:
  struct Ports {
    const DirectoryView& view;
    DirectoryClient& directory;
  };
  explicit RecipientAdmin(Ports ports) : ports_(ports) {}
  /// The same, with changes made through another client, which outlives what is returned.
  [[nodiscard]] RecipientAdmin through(DirectoryClient& directory) const {
    return RecipientAdmin({ports_.view, directory});
  }

  /// `name` becomes another name of a domain that is there.
  [[nodiscard]] Task<Result<AppliedChange>> add_domain_alias(std::string name, std::string of);
  /// Who gets what is for nobody in the domain; an empty address: nobody.
  [[nodiscard]] Task<Result<AppliedChange>> set_catch_all(std::string domain, std::string address);

  [[nodiscard]] Task<Result<std::vector<directory::MemberList>>> lists();
  [[nodiscard]] Task<Result<directory::MemberList>> list(std::string address);
  [[nodiscard]] Task<Result<AppliedChange>> add_list(std::string address, std::vector<std::string> members);
  [[nodiscard]] Task<Result<AppliedChange>> change_list(std::string address, std::vector<std::string> added,
                                                        std::vector<std::string> removed);
  [[nodiscard]] Task<Result<AppliedChange>> remove_list(std::string address);

  [[nodiscard]] Task<Result<Forwarding>> forwarding(std::string user);
  /// To nobody: all stays in the mailbox.
  [[nodiscard]] Task<Result<AppliedChange>> set_forwarding(std::string user, Forwarding forwarding);

  /// The users who may send in the user's name, by their addresses.
  [[nodiscard]] Task<Result<std::vector<std::string>>> delegates(std::string user);
  [[nodiscard]] Task<Result<AppliedChange>> set_delegates(std::string user,
                                                          std::vector<std::string> delegates);

 private:
  [[nodiscard]] Task<Result<directory::User>> user(std::string address);
  [[nodiscard]] Task<Result<std::vector<std::string>>> stored(std::vector<std::string> addresses);
  [[nodiscard]] Task<Result<AppliedChange>> change_with_secret(directory::Change change);

  Ports ports_;
};

}  // namespace gridmail
