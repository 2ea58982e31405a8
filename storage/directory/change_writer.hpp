// One change of the directory as writes of one operation: the rules of the directory, and nothing else.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "storage/directory/audit_text.hpp"
#include "storage/directory/directory.pb.h"
#include "storage/directory/directory_change.pb.h"
#include "storage/directory/directory_keys.hpp"
#include "storage/directory/record_codec.hpp"
#include "storage/replication/operation.hpp"

namespace gridmail {

/// Of a token, a session or an app password: only the hash is kept.
constexpr std::size_t secret_hash_bytes = 32;

/// How much the audit log keeps: what is more or older goes, a few entries with each new one. What is young
/// stays however many have come since: else whoever may change something could push out what was done before.
struct AuditKept {
  std::uint64_t entries = 100'000;
  WallMicros age = 400LL * 24 * 3600 * 1'000'000;
  WallMicros young = 30LL * 24 * 3600 * 1'000'000;
  std::uint64_t entries_max = 1'000'000;  ///< young ones, too
};

/// Lives for one change, on the directory's strand. Invariants it keeps: an address record names an existing
/// user; or is a list's; every alias is in the user's list of aliases; every address lies in a domain of ours
/// that is no other's alias (postmaster's own excepted); a domain has one active DKIM key of each algorithm
/// at most.
class ChangeWriter {
 public:
  ChangeWriter(OperationBuilder& builder, SlotId slot, WallMicros now, AuditKept audit_kept = {})
      : builder_(builder), keys_(slot), now_(now), audit_kept_(audit_kept) {}

  /// With its entry in the audit log. Errors: invalid, not_found, already_exists, conflict, denied, as
  /// storage/directory/directory_client.hpp says.
  [[nodiscard]] Task<Result<void>> write(const directory::Change& change);

  /// What write() has put into the audit log, or left out of it; nothing where there is nothing to say.
  [[nodiscard]] const std::optional<directory::AuditEntry>& audited() const { return audited_; }

  /// Makes the postmaster's mailbox, under `user`, and the settings, unless they are there.
  [[nodiscard]] Task<Result<void>> write_first_settings(UserId user);

 private:
  [[nodiscard]] Task<Result<void>> write_kind(const directory::Change& change);
  // audit_change.cpp
  /// Before the change: what it is about, and how that is now. Nothing: the log says nothing of it.
  [[nodiscard]] Task<Result<bool>> is_own_session(const directory::Change& change);
  [[nodiscard]] Task<Result<std::optional<directory::AuditEntry>>> begin_audit(
      const directory::Change& change);
  [[nodiscard]] Task<Result<void>> finish_audit(const directory::Change& change, directory::AuditEntry entry);
  /// What was there before and what is after it, of a length that the log takes.
  [[nodiscard]] Task<Result<void>> finish_states(const directory::Change& change,
                                                 directory::AuditEntry& entry);
  [[nodiscard]] Task<Result<void>> trim_audit(directory::AuditBook& book);
  [[nodiscard]] bool is_kept(const std::optional<directory::AuditEntry>& oldest, std::uint64_t entries) const;
  [[nodiscard]] Task<Result<std::string>> object_of(const directory::Change& change);
  /// The record that a change is about, as the log says it; empty: there is none.
  [[nodiscard]] Task<Result<std::string>> state_of(const directory::Change& change);
  template <class Record>
  [[nodiscard]] Task<Result<std::string>> record_state(Bytes key);
  [[nodiscard]] Task<Result<std::string>> user_state(const Bytes& user);
  [[nodiscard]] Task<Result<std::string>> app_password_state(const Bytes& user, const std::string& name);
  [[nodiscard]] Task<Result<std::string>> app_password_object(const Bytes& user, const std::string& name);
  [[nodiscard]] Task<Result<std::string>> alias_state(const std::string& alias);
  [[nodiscard]] Task<Result<std::string>> setting_state(const directory::Change& change);
  /// The addresses that a change adds to or takes from, and so many that the log says only which; nothing:
  /// state_of() says all.
  [[nodiscard]] Task<Result<std::optional<AuditAddresses>>> addresses_of(const directory::Change& change);
  [[nodiscard]] Task<Result<AuditAddresses>> list_members(const std::string& list);
  [[nodiscard]] Task<Result<AuditAddresses>> forwards_of(const Bytes& user);
  [[nodiscard]] Task<Result<AuditAddresses>> delegates_of(const Bytes& user);
  [[nodiscard]] static Task<Result<std::string>> no_state();
  /// The user's; of one who is gone the id.
  [[nodiscard]] Task<Result<std::string>> address_of(const Bytes& user);

  [[nodiscard]] Task<Result<void>> check(const directory::ExpectedRecord& expected);
  [[nodiscard]] Task<Result<void>> add_domain(const directory::AddDomain& change);
  [[nodiscard]] Task<Result<void>> remove_domain(const directory::RemoveDomain& change);
  [[nodiscard]] Task<Result<void>> add_user(const directory::AddUser& change);
  [[nodiscard]] Task<Result<void>> update_user(const directory::UpdateUser& change);
  [[nodiscard]] Task<Result<void>> remove_user(const directory::RemoveUser& change);
  [[nodiscard]] Task<Result<void>> forget_user(const directory::ForgetUser& change);
  [[nodiscard]] Task<Result<void>> add_alias(const directory::AddAlias& change);
  [[nodiscard]] Task<Result<void>> remove_alias(const directory::RemoveAlias& change);
  // config_change.cpp
  [[nodiscard]] Task<Result<void>> add_config_version(const directory::Change& change);
  // answer_change.cpp
  [[nodiscard]] Task<Result<void>> begin_request(const directory::BeginRequest& change);
  [[nodiscard]] Task<Result<void>> keep_answer(const directory::KeepAnswer& change);
  [[nodiscard]] Task<Result<void>> forget_answers(std::uint64_t added);
  // recipient_change.cpp
  [[nodiscard]] Task<Result<void>> set_srs_secrets(const directory::SetSrsSecrets& change);
  [[nodiscard]] Task<Result<void>> set_catch_all(const directory::SetCatchAll& change);
  [[nodiscard]] Task<Result<void>> set_forwarding(const directory::SetForwarding& change);
  [[nodiscard]] Task<Result<void>> set_delegates(const directory::SetDelegates& change);
  [[nodiscard]] Task<Result<void>> add_list(const directory::AddList& change);
  [[nodiscard]] Task<Result<void>> change_list(const directory::ChangeList& change);
  [[nodiscard]] Task<Result<void>> remove_list(const directory::RemoveList& change);
  [[nodiscard]] Task<Result<void>> put_list(const std::string& address, std::set<std::string> members);

  // dkim_key_change.cpp
  [[nodiscard]] Task<Result<void>> add_dkim_key(const directory::AddDkimKey& change);
  [[nodiscard]] Task<Result<void>> set_dkim_key_state(const directory::SetDkimKeyState& change);
  [[nodiscard]] Task<Result<void>> seal_dkim_key(const directory::SealDkimKey& change);
  [[nodiscard]] Task<Result<void>> remove_dkim_key(const directory::RemoveDkimKey& change);
  [[nodiscard]] Task<Result<void>> remove_dkim_keys_of(const std::string& domain);
  [[nodiscard]] Task<Result<std::vector<directory::DkimKey>>> dkim_keys_of(const std::string& domain);
  [[nodiscard]] Task<Result<void>> put_dkim_key(const directory::DkimKey& key);

  /// Errors: not_found; conflict for another name of a domain.
  [[nodiscard]] Task<Result<directory::Domain>> own_domain(const std::string& name);
  [[nodiscard]] Task<Result<void>> set_postmaster(const directory::SetPostmaster& change);
  [[nodiscard]] Task<Result<void>> set_limits(const directory::SetLimits& change);
  [[nodiscard]] Task<Result<void>> put_admin(const directory::PutAdmin& change);
  [[nodiscard]] Task<Result<void>> remove_admin(const directory::RemoveAdmin& change);
  [[nodiscard]] Task<Result<void>> add_token(const directory::AddToken& change);
  [[nodiscard]] Task<Result<void>> remove_token(const directory::RemoveToken& change);
  [[nodiscard]] Task<Result<void>> add_join_token(const directory::AddJoinToken& change);
  [[nodiscard]] Task<Result<void>> forget_old_join_tokens();
  [[nodiscard]] Task<Result<void>> use_join_token(const directory::UseJoinToken& change);
  [[nodiscard]] Task<Result<void>> check_owner(const std::string& owner);
  [[nodiscard]] Task<Result<void>> remove_tokens_of(std::string owner);
  // access_change.cpp
  [[nodiscard]] Task<Result<void>> set_role(const directory::SetRole& change);
  [[nodiscard]] Task<Result<void>> add_app_password(const directory::AddAppPassword& change);
  [[nodiscard]] Task<Result<void>> remove_app_password(const directory::RemoveAppPassword& change);
  [[nodiscard]] Task<Result<void>> remove_credentials_of(UserId id, const std::string& address);
  [[nodiscard]] Task<Result<void>> add_session(const directory::Change& change);
  [[nodiscard]] Task<Result<void>> remove_session(const directory::RemoveSession& change);
  [[nodiscard]] Task<Result<void>> forget_sessions_over();
  /// Of the owner's sessions the oldest goes where there are as many as there may be.
  [[nodiscard]] Task<Result<void>> make_room_for_session(const directory::Session& session);
  /// The one that has that place in an index.
  [[nodiscard]] Task<Result<void>> forget_session_at(Bytes place);
  /// With its places in the indexes. Errors: not_found.
  [[nodiscard]] Task<Result<void>> forget_session(Bytes id);
  // change_routes.cpp
  [[nodiscard]] Task<Result<void>> set_route(const directory::SetRoute& change);
  [[nodiscard]] Task<Result<void>> remove_route(const directory::RemoveRoute& change);
  [[nodiscard]] Task<Result<void>> put_certificate(const directory::PutCertificate& change);

  /// The user's record, by bytes off the wire. Errors: invalid, not_found.
  [[nodiscard]] Task<Result<directory::User>> existing_user(const Bytes& id);
  /// Whether a new user or alias may have the address. Errors: invalid, not_found (the domain),
  /// already_exists.
  [[nodiscard]] Task<Result<void>> check_free(const std::string& address);
  [[nodiscard]] Task<Result<void>> put_address(const std::string& address, const Bytes& user, bool alias);
  [[nodiscard]] Task<Result<void>> put(Bytes key, Bytes value) {
    return builder_.put(Family::meta, std::move(key), std::move(value));
  }
  [[nodiscard]] Task<Result<void>> remove(Bytes key) { return builder_.remove(Family::meta, std::move(key)); }
  /// Removes what must be there. Errors: not_found with `what`.
  [[nodiscard]] Task<Result<void>> remove_existing(Bytes key, std::string what);
  template <class Record>
  [[nodiscard]] Task<Result<std::optional<Record>>> load(Bytes key) {
    auto value = co_await builder_.get(Family::meta, std::move(key));
    co_return decode_stored<Record>(value);
  }

  OperationBuilder& builder_;
  DirectoryKeys keys_;
  WallMicros now_;
  AuditKept audit_kept_;
  std::optional<directory::AuditEntry> audited_;
  std::optional<AuditAddresses> addresses_before_;
  bool is_left_out_ = false;  ///< of the audit log
};

}  // namespace gridmail
