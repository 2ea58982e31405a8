// Keys of the directory (storage/directory/LAYOUT.md): the same tail in the system slot and in the followed
// replica.
#pragma once
#include <string_view>
#include <utility>

#include "node/base/bytes.hpp"
#include "node/base/clock.hpp"
#include "node/base/ids.hpp"
#include "node/base/key_range.hpp"
#include "storage/replication/slot_age.hpp"

namespace gridmail {

/// Every node keeps the directory's keys under this slot number too, copied there by the follower: what
/// DirectoryView reads. No grid has that many slots.
inline constexpr SlotId followed_directory_slot = 0xFFFFFFFE;

/// Addresses are canonical; hashes are BLAKE2b-256 of a secret.
class DirectoryKeys {
 public:
  explicit DirectoryKeys(SlotId slot) : slot_(slot) {}

  [[nodiscard]] Bytes domain(std::string_view name) const;
  [[nodiscard]] KeyRange domains() const;
  [[nodiscard]] Bytes user(UserId id) const;
  [[nodiscard]] KeyRange users() const;
  /// By domain, then local part, so that the addresses of a domain are one range.
  [[nodiscard]] Bytes address(std::string_view address) const;
  [[nodiscard]] KeyRange addresses() const;
  [[nodiscard]] KeyRange addresses_of(std::string_view domain) const;
  /// The address that address() made `key` from.
  [[nodiscard]] std::string address_in(BytesView key) const;
  [[nodiscard]] Bytes alias(UserId user, std::string_view alias) const;
  [[nodiscard]] KeyRange aliases_of(UserId user) const;
  /// The alias that alias() made `key` from.
  [[nodiscard]] std::string alias_in(BytesView key) const;
  [[nodiscard]] Bytes list(std::string_view address) const;
  [[nodiscard]] KeyRange lists() const;
  [[nodiscard]] Bytes dkim_key(std::string_view domain, std::string_view selector) const;
  [[nodiscard]] KeyRange dkim_keys() const;
  [[nodiscard]] KeyRange dkim_keys_of(std::string_view domain) const;
  [[nodiscard]] Bytes settings() const;
  [[nodiscard]] Bytes admin(std::string_view name) const;
  [[nodiscard]] KeyRange admins() const;
  [[nodiscard]] Bytes token(BytesView hash) const;
  [[nodiscard]] KeyRange tokens() const;
  [[nodiscard]] Bytes join_token(BytesView hash) const;
  [[nodiscard]] KeyRange join_tokens() const;
  [[nodiscard]] Bytes certificate(std::string_view name) const;
  [[nodiscard]] KeyRange certificates() const;
  [[nodiscard]] Bytes tombstone(UserId user) const;
  [[nodiscard]] KeyRange tombstones() const;
  [[nodiscard]] Bytes route(std::string_view domain) const;
  [[nodiscard]] KeyRange routes() const;
  [[nodiscard]] Bytes app_password(UserId user, std::string_view name) const;
  [[nodiscard]] KeyRange app_passwords_of(UserId user) const;
  [[nodiscard]] Bytes session(BytesView hash) const;
  [[nodiscard]] KeyRange sessions() const;
  /// The same by the date it ends at, so that those that are over are found without looking at all.
  [[nodiscard]] Bytes session_until(WallMicros expires, BytesView hash) const;
  [[nodiscard]] KeyRange sessions_until(WallMicros now) const;
  /// The same by whose it is and the date it began at, so that an owner's oldest is found. No owner begins
  /// another.
  [[nodiscard]] Bytes session_of(BytesView owner, WallMicros created, BytesView hash) const;
  [[nodiscard]] KeyRange sessions_of(BytesView owner) const;
  /// The hash that session_until() or session_of() made `key` from.
  [[nodiscard]] Bytes session_in(BytesView key) const;
  /// By number; entries are [audit_entry(first), audit_entry(next)) of the book.
  [[nodiscard]] Bytes audit_entry(std::uint64_t number) const;
  [[nodiscard]] Bytes audit_book() const;
  [[nodiscard]] Bytes config_version(std::uint64_t number) const;
  [[nodiscard]] KeyRange config_versions() const;
  [[nodiscard]] Bytes config_book() const;
  /// By a request's id, and the same by date.
  [[nodiscard]] Bytes answer(BytesView id) const;
  [[nodiscard]] Bytes answer_at(WallMicros begun, BytesView id) const;
  [[nodiscard]] KeyRange answers_by_date() const;
  [[nodiscard]] Bytes answer_in(BytesView key) const;  ///< the id that answer_at() made `key` from
  [[nodiscard]] Bytes answer_book() const;
  /// A GUID that was applied, and the same by date, so that old ones are found without looking at all.
  [[nodiscard]] Bytes applied(Guid guid) const;
  [[nodiscard]] Bytes applied_at(AgeMicros at, Guid guid) const;
  [[nodiscard]] KeyRange applied_before(AgeMicros at) const;
  [[nodiscard]] Guid applied_in(BytesView key) const;

  /// What is the same in the slot and in the replica: a key without slot and area.
  [[nodiscard]] static Bytes tail_of(BytesView key);
  [[nodiscard]] Bytes with_tail(BytesView tail) const;

 private:
  [[nodiscard]] Bytes key(char table, BytesView rest = {}) const;
  [[nodiscard]] KeyRange range(char table, BytesView prefix = {}) const;

  SlotId slot_;
};

/// "user@example.org" is {"user", "example.org"}; without '@' the domain is empty.
[[nodiscard]] std::pair<std::string_view, std::string_view> split_address(std::string_view address);

}  // namespace gridmail
