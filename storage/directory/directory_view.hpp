// DirectoryView: look-ups in this node's own replica of the directory. No call waits for another node.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "node/base/store.hpp"
#include "storage/directory/directory.pb.h"
#include "storage/directory/directory_keys.hpp"
#include "storage/directory/followed_directory.hpp"

namespace gridmail {

/// Thread-safe, without state of its own. Addresses and domains given are canonical. What is found is
/// answered however old the replica is; what is not found gives not_found when the replica is fresh and
/// unavailable when it is not (design, section 3, directory). Errors common to all: io, corrupted.
class DirectoryView {
 public:
  /// Both must outlive the view.
  DirectoryView(Store& store, const FollowedDirectory& followed) : store_(store), followed_(followed) {}

  [[nodiscard]] bool fresh() const { return followed_.fresh(); }

  /// Any record as it is stored, by what DirectoryKeys::tail_of() makes of its key.
  [[nodiscard]] Task<Result<Bytes>> stored(Bytes tail) const;
  /// The user whom an address or alias names.
  [[nodiscard]] Task<Result<directory::User>> resolve(std::string address) const;
  [[nodiscard]] Task<Result<directory::User>> user(UserId id) const;
  /// What an address itself leads to.
  [[nodiscard]] Task<Result<directory::Address>> address(std::string address) const;
  [[nodiscard]] Task<Result<directory::MemberList>> member_list(std::string address) const;
  /// With the limits that hold where none were ever set.
  [[nodiscard]] Task<Result<directory::Settings>> settings() const;
  /// However old the replica is.
  [[nodiscard]] Task<Result<std::vector<directory::DkimKey>>> dkim_keys_of(std::string domain) const;
  /// Who gets mail for postmaster, and what can no longer be delivered.
  [[nodiscard]] Task<Result<directory::User>> postmaster() const;
  [[nodiscard]] Task<Result<directory::Domain>> domain(std::string name) const;
  [[nodiscard]] Task<Result<directory::Admin>> admin(std::string name) const;
  /// `secret` as the client shows it; an expired token is not found.
  [[nodiscard]] Task<Result<directory::Token>> token(Bytes secret, WallMicros now) const;

  /// Of a request with this id. Errors: not_found, also where this replica is not fresh.
  [[nodiscard]] Task<Result<directory::KeptAnswer>> kept_answer(Bytes id) const;

  /// Which way mail for a domain goes, where an administrator has said so.
  [[nodiscard]] Task<Result<directory::Route>> route(std::string domain) const;

  /// However old the replica is.
  [[nodiscard]] Task<Result<std::vector<directory::AppPassword>>> app_passwords_of(UserId user) const;
  /// `secret` as the browser shows it; one that is over is not found.
  [[nodiscard]] Task<Result<directory::Session>> session(Bytes secret, WallMicros now) const;
  /// Those that are over among them.
  [[nodiscard]] Task<Result<std::vector<directory::Session>>> sessions() const;

  // Lists are complete as of the replica; unavailable when it is not fresh.
  [[nodiscard]] Task<Result<std::vector<directory::Domain>>> domains() const;
  [[nodiscard]] Task<Result<std::vector<directory::Admin>>> admins() const;
  [[nodiscard]] Task<Result<std::vector<directory::Token>>> tokens() const;
  [[nodiscard]] Task<Result<std::vector<directory::JoinToken>>> join_tokens() const;
  [[nodiscard]] Task<Result<std::vector<directory::Route>>> routes() const;
  /// Oldest first.
  [[nodiscard]] Task<Result<std::vector<directory::ConfigVersion>>> config_versions() const;
  /// By name; the keys are sealed.
  [[nodiscard]] Task<Result<std::vector<directory::Certificate>>> certificates() const;
  [[nodiscard]] Task<Result<std::vector<directory::MemberList>>> member_lists() const;
  [[nodiscard]] Task<Result<std::vector<directory::DkimKey>>> dkim_keys() const;
  /// Users whose data is still to be removed.
  [[nodiscard]] Task<Result<std::vector<directory::Tombstone>>> tombstones() const;
  /// Sorted by address.
  [[nodiscard]] Task<Result<std::vector<std::string>>> aliases_of(UserId user) const;

  /// Entries of the audit log, the newest first: those with numbers below `before`. However old the replica
  /// is.
  [[nodiscard]] Task<Result<std::vector<directory::AuditEntry>>> audit(std::uint64_t before,
                                                                       std::size_t entries_max) const;

  struct UserPage {
    std::vector<directory::User> users;  ///< by domain, then local part
    std::string next;                    ///< to be given as `from` for the next page; empty: that was all
  };
  /// Users of one domain, or of all when `domain` is empty; `from` an address that an earlier page gave, or
  /// empty.
  [[nodiscard]] Task<Result<UserPage>> users(std::string domain, std::string from,
                                             std::size_t users_max) const;

  [[nodiscard]] Task<Result<std::uint64_t>> count_users(std::string domain) const;

  struct AliasPage {
    std::vector<std::pair<std::string, UserId>> aliases;
    std::string next;
  };
  [[nodiscard]] Task<Result<AliasPage>> aliases(std::string domain, std::string from,
                                                std::size_t aliases_max) const;

 private:
  template <class Record>
  [[nodiscard]] Task<Result<Record>> find(Bytes key, std::string what) const;
  template <class Record>
  [[nodiscard]] Task<Result<std::vector<Record>>> list(KeyRange range) const;
  template <class Record>
  [[nodiscard]] Task<Result<std::vector<Record>>> read_all(KeyRange range) const;

  struct AddressPage {
    std::vector<std::pair<std::string, directory::Address>> addresses;
    std::string next;
  };
  /// Those of the addresses that are aliases, or those that are not.
  [[nodiscard]] Task<Result<AddressPage>> addresses(std::string domain, std::string from,
                                                    std::size_t count_max, bool aliases) const;

  Store& store_;
  const FollowedDirectory& followed_;
  DirectoryKeys keys_{followed_directory_slot};
};

}  // namespace gridmail
