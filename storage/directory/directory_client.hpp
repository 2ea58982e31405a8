// DirectoryClient: changes the directory from any node. Each call draws one GUID, so that it is applied once
// however often the request had to be sent.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "node/base/random.hpp"
#include "storage/directory/directory_change.pb.h"
#include "storage/replication/slot_access.hpp"

namespace gridmail {

/// A change is answered once every live member has applied it, or after 5 s naming those that have not.
struct AppliedChange {
  std::vector<NodeId> lagging;
};

/// Told what a change that is only tried would write into the audit log.
using WouldChange = std::function<void(const directory::AuditEntry&)>;

/// Addresses and domains are canonical: the caller has seen to that. Errors common to all: unavailable.
/// Thread-safe.
class DirectoryClient {
 public:
  /// `actor`: in whose name the changes are made, for the audit log; empty: the grid's own doing.
  DirectoryClient(SlotClient& slots, Random& random, directory::Actor actor = {})
      : slots_(slots), random_(random), actor_(std::move(actor)) {}

  /// The same, in somebody's name.
  [[nodiscard]] DirectoryClient in_the_name_of(directory::Actor actor) const {
    return {slots_, random_, std::move(actor)};
  }
  /// The same, whose first change is made only while the record is as expected; otherwise it fails with
  /// conflict and record_changed.
  [[nodiscard]] DirectoryClient expecting(std::optional<directory::ExpectedRecord> record) const {
    auto client = *this;
    client.expected_ = std::move(record);
    return client;
  }

  /// The same, which changes nothing: each change passes all checks, is told to `would_change`, and succeeds
  /// or fails as it would. Empty: it does change.
  [[nodiscard]] DirectoryClient trying(WouldChange would_change) const {
    auto client = *this;
    client.would_change_ = std::move(would_change);
    return client;
  }

  /// For change(), where one change may be asked for several times.
  [[nodiscard]] Bytes draw_guid() { return draw_id<Guid>(random_).bytes(); }
  /// Any change; its GUID is drawn here unless it has one. Errors, by kind:
  /// invalid: what is given is no domain, address or id. not_found: the domain of a new address, the user of
  /// an alias, what is to be removed or changed. already_exists: what is to be added. conflict: a domain that
  /// has addresses, the postmaster, a record whose version is not the expected one. denied: a join token
  /// unknown, used or expired.
  [[nodiscard]] Task<Result<AppliedChange>> change(directory::Change change);

  [[nodiscard]] Task<Result<AppliedChange>> add_domain(std::string name);
  [[nodiscard]] Task<Result<AppliedChange>> remove_domain(std::string name);
  /// The id is drawn by the caller: a repeated call with the same id and address succeeds.
  [[nodiscard]] Task<Result<AppliedChange>> add_user(UserId id, std::string address,
                                                     std::string password_hash, bool can_log_in);
  [[nodiscard]] Task<Result<AppliedChange>> set_password_hash(UserId id, std::string password_hash);
  [[nodiscard]] Task<Result<AppliedChange>> remove_user(UserId id);
  [[nodiscard]] Task<Result<AppliedChange>> add_alias(std::string alias, UserId user, bool replace = false);
  [[nodiscard]] Task<Result<AppliedChange>> remove_alias(std::string alias);
  [[nodiscard]] Task<Result<AppliedChange>> set_postmaster(UserId user);
  [[nodiscard]] Task<Result<AppliedChange>> put_admin(std::string name, std::string password_hash,
                                                      bool replace);
  [[nodiscard]] Task<Result<AppliedChange>> remove_admin(std::string name);
  /// The secret itself is hashed here and sent nowhere.
  [[nodiscard]] Task<Result<AppliedChange>> add_token(BytesView secret, std::string name, std::string admin,
                                                      WallMicros expires, directory::Role role);
  [[nodiscard]] Task<Result<AppliedChange>> remove_token(Bytes id);
  [[nodiscard]] Task<Result<AppliedChange>> add_join_token(BytesView secret, WallMicros expires);
  /// Errors: not_found.
  [[nodiscard]] Task<Result<AppliedChange>> remove_join_token(Bytes id);
  [[nodiscard]] Task<Result<AppliedChange>> use_join_token(BytesView secret, NodeId node);

 private:
  SlotClient& slots_;
  Random& random_;
  directory::Actor actor_;
  std::optional<directory::ExpectedRecord> expected_;
  WouldChange would_change_;
};

/// What the directory keeps of a token's secret.
[[nodiscard]] Bytes hash_of_secret(BytesView secret);

}  // namespace gridmail
