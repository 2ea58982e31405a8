// AccessAdmin: who may do what through the HTTP API, and the passwords of single mail programs.
#pragma once
#include <string>
#include <vector>

#include "node/base/random.hpp"
#include "protocols/ports/directory.hpp"
#include "storage/directory/directory_client.hpp"
#include "storage/directory/directory_view.hpp"

namespace gridmail {

/// Somebody whose log-in, token or session is right.
struct KnownAccount {
  std::string account;  ///< an administrator's name, or a user's address
  directory::Role role = directory::ROLE_USER;
  UserId user = {};  ///< nil for an administrator
};

/// Thread-safe, without state of its own; what it is given must outlive its calls. Addresses are taken as
/// people write them. Look-ups are local. Errors common to all: unavailable; invalid, not_found.
class AccessAdmin {
 public:
  struct Ports {
    Clock& clock;
    Random& random;
    const DirectoryView& view;
    DirectoryClient& directory;
    ports::Directory& log_in;
  };
  explicit AccessAdmin(Ports ports) : ports_(ports) {}
  /// The same, with changes made through another client, which outlives what is returned.
  [[nodiscard]] AccessAdmin through(DirectoryClient& directory) const {
    return AccessAdmin({ports_.clock, ports_.random, ports_.view, directory, ports_.log_in});
  }

  /// What an administrator or a user may do now. Errors: denied (there is no such one any more).
  [[nodiscard]] Task<Result<directory::Role>> role_of(std::string account);
  [[nodiscard]] Task<Result<AppliedChange>> set_role(std::string address, directory::Role role);

  /// By the user's own password. Errors: denied.
  [[nodiscard]] Task<Result<KnownAccount>> authenticate_user(std::string address, std::string password,
                                                             std::string peer_address);
  /// Whose token it is, and what may be done with it: never more than the owner may. Errors: denied.
  [[nodiscard]] Task<Result<KnownAccount>> owner_of(directory::Token token);

  struct NewSession {
    std::string secret;  ///< the browser keeps it
    WallMicros expires = 0;
  };
  [[nodiscard]] Task<Result<NewSession>> begin_session(std::string account);
  /// Whose it is, as long as neither its time is over nor the password has changed. Errors: denied.
  [[nodiscard]] Task<Result<KnownAccount>> session(std::string secret);
  [[nodiscard]] Task<Result<AppliedChange>> end_session(std::string secret);
  struct OpenSession {
    directory::Session record;
    KnownAccount owner;
  };
  /// Those that are of use now, of this account; empty: of all.
  [[nodiscard]] Task<Result<std::vector<OpenSession>>> sessions(std::string account);
  /// By its record's id.
  [[nodiscard]] Task<Result<AppliedChange>> remove_session(Bytes id);

  struct NewAppPassword {
    std::string password;  ///< shown once
    AppliedChange applied;
  };
  /// For these protocols and no others. Errors: already_exists; conflict (too many).
  [[nodiscard]] Task<Result<NewAppPassword>> add_app_password(std::string address, std::string name,
                                                              std::vector<std::string> protocols);
  /// By name.
  [[nodiscard]] Task<Result<std::vector<directory::AppPassword>>> app_passwords(std::string address);
  [[nodiscard]] Task<Result<AppliedChange>> remove_app_password(std::string address, std::string name);

 private:
  /// Errors: denied: its time is over, the password has changed, or there is no such account any more.
  [[nodiscard]] Task<Result<KnownAccount>> owner_of_session(directory::Session record);
  /// Errors: not_found with the address.
  [[nodiscard]] Task<Result<directory::User>> user(std::string address);

  Ports ports_;
};

}  // namespace gridmail
