// AccessControl: what the HTTP API needs of the grid about who may do what, and who did what.
//
// Thread-safe. Errors common to all calls: unavailable; not_found (no such user, token, password).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "node/api/grid_control.hpp"

namespace gridmail::api {

/// Something that was done.
struct AuditRow {
  std::uint64_t number = 0;
  WallMicros at = 0;
  std::string who;             ///< empty: the grid itself
  std::string address;         ///< where from; empty: not by the network
  std::optional<NodeId> node;  ///< that was asked
  std::string verb, object;    ///< such as "user add" and the address
  std::string before, after;   ///< short
};

struct TokenRow {
  std::string name;
  Role role = Role::admin;
  std::string owner;  ///< who made it
  WallMicros created = 0;
  WallMicros expires = 0;  ///< 0: never
};
struct AddedToken {
  TokenRow token;
  std::string secret;  ///< shown once
  Applied applied;
};

/// An administrator's account.
struct AdminRow {
  std::string name;
  WallMicros created = 0;
  WallMicros password_set = 0;
};

/// A password that one mail program was given.
struct AppPasswordRow {
  std::string name;
  std::vector<std::string> protocols;
  WallMicros created = 0;
};
struct AddedAppPassword {
  std::string password;  ///< shown once
  Applied applied;
};

struct NewSession {
  std::string secret;
  WallMicros expires = 0;
};
struct JoinTokenRow {
  std::string id;  ///< hex; not the secret
  WallMicros created = 0, expires = 0;
};

/// A browser that is logged in.
struct SessionRow {
  std::string id;       ///< hex; not the secret
  std::string account;  ///< an administrator's name, or a user's address
  Role role = Role::user;
  std::string address;  ///< where it was begun from; empty: not known
  WallMicros created = 0, expires = 0;
};

class AccessControl {
 public:
  virtual ~AccessControl() = default;

  /// The newest first; those with numbers below `before`.
  [[nodiscard]] virtual Task<Result<std::vector<AuditRow>>> audit(std::uint64_t before,
                                                                  std::uint32_t rows_max) = 0;

  [[nodiscard]] virtual Task<Result<Applied>> set_role(std::string address, Role role) = 0;

  [[nodiscard]] virtual Task<Result<std::vector<TokenRow>>> tokens() = 0;
  /// For who acts. `expires_after` 0: never. Errors: already_exists, invalid (the name).
  [[nodiscard]] virtual Task<Result<AddedToken>> add_token(std::string name, Role role,
                                                           std::chrono::seconds expires_after) = 0;
  [[nodiscard]] virtual Task<Result<Applied>> remove_token(std::string name) = 0;

  /// Of tokens that can still let a machine in; never the tokens.
  [[nodiscard]] virtual Task<Result<std::vector<JoinTokenRow>>> join_tokens() = 0;
  /// Errors: not_found.
  [[nodiscard]] virtual Task<Result<Applied>> remove_join_token(std::string id) = 0;

  /// By name.
  [[nodiscard]] virtual Task<Result<std::vector<AdminRow>>> admins() = 0;
  /// Errors: already_exists; invalid (the name, the password).
  [[nodiscard]] virtual Task<Result<Applied>> add_admin(std::string name, std::string password) = 0;
  /// Ends the account's sessions. Errors: invalid (the password).
  [[nodiscard]] virtual Task<Result<Applied>> set_admin_password(std::string name, std::string password) = 0;
  /// With its sessions and tokens. Errors: conflict (the last one).
  [[nodiscard]] virtual Task<Result<Applied>> remove_admin(std::string name) = 0;

  [[nodiscard]] virtual Task<Result<std::vector<AppPasswordRow>>> app_passwords(std::string address) = 0;
  /// For these protocols ("imap", "pop3", "smtp") and no others. Errors: already_exists; conflict; invalid.
  [[nodiscard]] virtual Task<Result<AddedAppPassword>> add_app_password(
      std::string address, std::string name, std::vector<std::string> protocols) = 0;
  [[nodiscard]] virtual Task<Result<Applied>> remove_app_password(std::string address, std::string name) = 0;

  /// Of who acts: for browsers.
  [[nodiscard]] virtual Task<Result<NewSession>> begin_session() = 0;
  /// Whose it is. Errors: denied (over, or ended).
  [[nodiscard]] virtual Task<Result<Principal>> session(std::string secret) = 0;
  [[nodiscard]] virtual Task<Result<Applied>> end_session(std::string secret) = 0;
  /// Of this account; empty: of all. By id.
  [[nodiscard]] virtual Task<Result<std::vector<SessionRow>>> sessions(std::string account) = 0;
  [[nodiscard]] virtual Task<Result<Applied>> remove_session(std::string id) = 0;
  /// The id of the session with this secret.
  [[nodiscard]] virtual std::string session_id(std::string_view secret) const = 0;
};

}  // namespace gridmail::api
