// UserAdmin: what administrators do with users, domains, aliases, other administrators and tokens.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "node/services/directory/grid_directory.hpp"
#include "node/services/directory/log_in.hpp"
#include "storage/directory/directory_client.hpp"
#include "storage/directory/directory_view.hpp"
#include "storage/mailbox/mailbox_client.hpp"

namespace gridmail {

/// A removed user's data goes after this (design, section 3, user's id).
inline constexpr Duration removed_user_kept = std::chrono::hours(24 * 14);

struct AddedUser {
  UserId id;
  AppliedChange applied;
};
struct UserDetails {
  UserId id;
  std::string address;
  WallMicros created = 0;
  directory::Role role = directory::ROLE_UNSET;
  bool can_log_in = false;
  std::vector<std::string> aliases;
  std::optional<mailbox::Usage> usage;  ///< nothing while the user's slot is unavailable
};
struct UserListing {
  struct Row {
    UserId id;
    std::string address;
    WallMicros created = 0;
    directory::Role role = directory::ROLE_UNSET;
  };
  std::vector<Row> users;  ///< by domain, then local part
  std::string next;        ///< where the next page begins; empty: that was all
};
struct DomainRow {
  std::string name;
  std::uint64_t users = 0;
  std::string alias_of;   ///< not empty: another name of that domain
  std::string catch_all;  ///< who gets what is for nobody; empty: nobody
};
struct AliasRow {
  std::string address;
  std::string target;  ///< the user's own address
};
struct NewToken {
  std::string secret;  ///< shown once
  AppliedChange applied;
};

/// Thread-safe, without state of its own; what it is given must outlive its calls. Addresses and domains are
/// taken as people write them. Look-ups are local; a change goes to the directory's primary and is applied
/// once. Errors common to all: unavailable; invalid (not an address or domain), not_found, already_exists,
/// conflict.
class UserAdmin {
 public:
  struct Ports {
    Clock& clock;
    Random& random;
    const DirectoryView& view;
    DirectoryClient& directory;
    MailboxClient& mailboxes;
    PasswordHasher& hasher;
    LogIn& log_in;
  };
  explicit UserAdmin(Ports ports) : ports_(ports) {}
  /// The same, with changes made through another client, which outlives what is returned.
  [[nodiscard]] UserAdmin through(DirectoryClient& directory) const {
    return UserAdmin({ports_.clock, ports_.random, ports_.view, directory, ports_.mailboxes, ports_.hasher,
                      ports_.log_in});
  }

  // Users, by address or alias.
  /// The directory first, then the mailboxes. When it stops in between, a repeated call (already_exists) or
  /// the first delivery makes them. Without a password nobody can log in.
  [[nodiscard]] Task<Result<AddedUser>> add_user(std::string address, std::optional<std::string> password);
  /// As add_user, with what another mail server kept (imported_hash.hpp); the first log-in replaces a hash.
  /// Errors also: invalid (no such hash).
  [[nodiscard]] Task<Result<AddedUser>> import_user(std::string address, std::string secret);
  [[nodiscard]] Task<Result<UserListing>> users(std::string domain, std::string from, std::size_t users_max);
  [[nodiscard]] Task<Result<UserDetails>> user(std::string address);
  /// Who could not log in can from now on, and has mailboxes: the grid's own postmaster has neither before.
  [[nodiscard]] Task<Result<AppliedChange>> set_password(std::string address, std::string password);
  /// Hashes the password of this version of the record anew. Errors: conflict (the record is another by now).
  [[nodiscard]] Task<Result<AppliedChange>> renew_hash(OldHash old);
  [[nodiscard]] Task<Result<AppliedChange>> remove_user(std::string address);
  /// The slot that holds the user's mailboxes.
  [[nodiscard]] Task<Result<SlotId>> locate_user(std::string address);

  [[nodiscard]] Task<Result<AppliedChange>> add_domain(std::string name);
  [[nodiscard]] Task<Result<AppliedChange>> remove_domain(std::string name);
  [[nodiscard]] Task<Result<DomainRow>> domain(std::string name);
  /// By name.
  [[nodiscard]] Task<Result<std::vector<DomainRow>>> domains(std::string after = {},
                                                             std::size_t domains_max = SIZE_MAX);

  [[nodiscard]] Task<Result<AppliedChange>> add_alias(std::string alias, std::string target,
                                                      bool replace = false);
  [[nodiscard]] Task<Result<AppliedChange>> remove_alias(std::string alias);
  [[nodiscard]] Task<Result<AliasRow>> alias(std::string address);
  /// By domain, then local part.
  [[nodiscard]] Task<Result<std::vector<AliasRow>>> aliases(std::string after = {},
                                                            std::size_t aliases_max = SIZE_MAX);
  /// The user who gets mail for postmaster and abuse of every domain where nobody has these addresses, and
  /// what can no longer be delivered.
  [[nodiscard]] Task<Result<AppliedChange>> set_postmaster(std::string address);
  /// That user's address.
  [[nodiscard]] Task<Result<std::string>> postmaster();

  // Administrators and the tokens of the HTTP API.
  /// `replace`: a new password for one who exists.
  [[nodiscard]] Task<Result<AppliedChange>> put_admin(std::string name, std::string password, bool replace);
  [[nodiscard]] Task<Result<AppliedChange>> remove_admin(std::string name);
  [[nodiscard]] Task<Result<std::vector<directory::Admin>>> admins();
  /// `expires` 0: never. The secret is drawn here unless given.
  [[nodiscard]] Task<Result<NewToken>> add_token(std::string name, std::string admin, WallMicros expires,
                                                 std::optional<std::string> secret = {},
                                                 directory::Role role = directory::ROLE_ADMIN);
  [[nodiscard]] Task<Result<std::vector<directory::Token>>> tokens();
  [[nodiscard]] Task<Result<AppliedChange>> remove_token(Bytes id);
  /// Errors: denied, unavailable.
  [[nodiscard]] Task<Result<void>> authenticate_admin(std::string name, std::string password,
                                                      std::string peer_address);
  /// The token that has the secret. Errors: denied, unavailable.
  [[nodiscard]] Task<Result<directory::Token>> authenticate_token(std::string secret);

  /// Removes the data of users who were removed over 14 days ago; returns how many are gone now. To be called
  /// now and then, on any node.
  [[nodiscard]] Task<Result<std::size_t>> sweep_removed_users();

 private:
  [[nodiscard]] Task<Result<DomainRow>> row_of(directory::Domain record);
  [[nodiscard]] Task<Result<UserId>> find(std::string address);
  [[nodiscard]] Task<Result<AddedUser>> put_user(std::string name, std::string hash);
  /// Unless they are there.
  [[nodiscard]] Task<Result<void>> make_mailboxes(UserId user);

  Ports ports_;
};

}  // namespace gridmail
