#include "storage/directory/directory_keys.hpp"

#include <algorithm>

#include "node/base/result.hpp"
#include "storage/replication/operation.hpp"

namespace gridmail {
namespace {

// The tables: the byte behind slot and area. Never reused.
constexpr char domain_table = 'd';
constexpr char user_table = 'u';
constexpr char address_table = 'a';
constexpr char alias_table = 'n';
constexpr char settings_table = 's';
constexpr char admin_table = 'm';
constexpr char token_table = 't';
constexpr char join_token_table = 'j';
constexpr char tombstone_table = 'r';
constexpr char route_table = 'w';
constexpr char certificate_table = 'c';
constexpr char list_table = 'l';
constexpr char dkim_key_table = 'k';
constexpr char app_password_table = 'p';
constexpr char session_table = 'y';
constexpr char session_until_table = 'z';
constexpr char session_of_table = 'q';
constexpr char audit_table = 'e';
constexpr char audit_book_table = 'b';
constexpr char config_version_table = 'v';
constexpr char config_book_table = 'x';
constexpr char answer_table = 'i';
constexpr char answer_at_table = 'o';
constexpr char answer_book_table = 'f';
constexpr char applied_table = 'g';
constexpr char applied_at_table = 'h';

constexpr std::size_t hash_bytes = 32;

}  // namespace

std::pair<std::string_view, std::string_view> split_address(std::string_view address) {
  const auto at = address.rfind('@');
  if (at == std::string_view::npos) return {address, {}};
  return {address.substr(0, at), address.substr(at + 1)};
}

Bytes DirectoryKeys::key(char table, BytesView rest) const {
  Bytes tail(1, table);
  tail += rest;
  return slot_key(slot_, 'd', tail);
}

KeyRange DirectoryKeys::range(char table, BytesView prefix) const {
  Bytes first = key(table, prefix);
  Bytes last = prefix_end(first);
  return {std::move(first), std::move(last)};
}

Bytes DirectoryKeys::tail_of(BytesView key) {
  return Bytes(key.substr(slot_key(0, 'd', {}).size()));
}
Bytes DirectoryKeys::with_tail(BytesView tail) const {
  return slot_key(slot_, 'd', tail);
}

Bytes DirectoryKeys::domain(std::string_view name) const {
  return key(domain_table, name);
}
KeyRange DirectoryKeys::domains() const {
  return range(domain_table);
}
Bytes DirectoryKeys::user(UserId id) const {
  return key(user_table, id.view());
}
KeyRange DirectoryKeys::users() const {
  return range(user_table);
}

Bytes DirectoryKeys::address(std::string_view address) const {
  const auto [local, domain] = split_address(address);
  Bytes rest(domain);
  rest.push_back('\0');
  rest += local;
  return key(address_table, rest);
}

KeyRange DirectoryKeys::addresses() const {
  return range(address_table);
}

KeyRange DirectoryKeys::addresses_of(std::string_view domain) const {
  Bytes prefix(domain);
  prefix.push_back('\0');
  return range(address_table, prefix);
}

std::string DirectoryKeys::address_in(BytesView key_bytes) const {
  const BytesView rest = key_bytes.substr(key(address_table).size());
  const auto zero = rest.find('\0');
  GRIDMAIL_ASSERT(zero != BytesView::npos);
  std::string address(rest.substr(zero + 1));
  if (zero > 0) address.append("@").append(rest.substr(0, zero));
  return address;
}

Bytes DirectoryKeys::alias(UserId user, std::string_view alias) const {
  Bytes rest = user.bytes();
  rest += alias;
  return key(alias_table, rest);
}

KeyRange DirectoryKeys::aliases_of(UserId user) const {
  return range(alias_table, user.view());
}

std::string DirectoryKeys::alias_in(BytesView key_bytes) const {
  return std::string(key_bytes.substr(key(alias_table).size() + sizeof(UserId)));
}

Bytes DirectoryKeys::list(std::string_view address) const {
  return key(list_table, address);
}
KeyRange DirectoryKeys::lists() const {
  return range(list_table);
}
Bytes DirectoryKeys::dkim_key(std::string_view domain, std::string_view selector) const {
  Bytes rest(domain);
  rest.push_back('\0');
  rest += selector;
  return key(dkim_key_table, rest);
}
KeyRange DirectoryKeys::dkim_keys() const {
  return range(dkim_key_table);
}
KeyRange DirectoryKeys::dkim_keys_of(std::string_view domain) const {
  Bytes prefix(domain);
  prefix.push_back('\0');
  return range(dkim_key_table, prefix);
}
Bytes DirectoryKeys::settings() const {
  return key(settings_table);
}
Bytes DirectoryKeys::admin(std::string_view name) const {
  return key(admin_table, name);
}
KeyRange DirectoryKeys::admins() const {
  return range(admin_table);
}
Bytes DirectoryKeys::token(BytesView hash) const {
  return key(token_table, hash);
}
KeyRange DirectoryKeys::tokens() const {
  return range(token_table);
}
Bytes DirectoryKeys::join_token(BytesView hash) const {
  return key(join_token_table, hash);
}
KeyRange DirectoryKeys::join_tokens() const {
  return range(join_token_table);
}
Bytes DirectoryKeys::certificate(std::string_view name) const {
  return key(certificate_table, name);
}
KeyRange DirectoryKeys::certificates() const {
  return range(certificate_table);
}
Bytes DirectoryKeys::tombstone(UserId user) const {
  return key(tombstone_table, user.view());
}
KeyRange DirectoryKeys::tombstones() const {
  return range(tombstone_table);
}
Bytes DirectoryKeys::route(std::string_view domain) const {
  return key(route_table, domain);
}
KeyRange DirectoryKeys::routes() const {
  return range(route_table);
}
Bytes DirectoryKeys::app_password(UserId user, std::string_view name) const {
  return key(app_password_table, user.bytes() + Bytes(name));
}

KeyRange DirectoryKeys::app_passwords_of(UserId user) const {
  return range(app_password_table, user.view());
}

Bytes DirectoryKeys::session(BytesView hash) const {
  return key(session_table, hash);
}

KeyRange DirectoryKeys::sessions() const {
  return range(session_table);
}

Bytes DirectoryKeys::session_until(WallMicros expires, BytesView hash) const {
  Bytes rest;
  append_be64(rest, static_cast<std::uint64_t>(std::max<WallMicros>(expires, 0)));
  rest += hash;
  return key(session_until_table, rest);
}

KeyRange DirectoryKeys::sessions_until(WallMicros now) const {
  return {key(session_until_table), session_until(now, {})};
}

Bytes DirectoryKeys::session_of(BytesView owner, WallMicros created, BytesView hash) const {
  Bytes rest(owner);
  append_be64(rest, static_cast<std::uint64_t>(std::max<WallMicros>(created, 0)));
  rest += hash;
  return key(session_of_table, rest);
}

KeyRange DirectoryKeys::sessions_of(BytesView owner) const {
  return range(session_of_table, owner);
}

Bytes DirectoryKeys::session_in(BytesView key_bytes) const {
  GRIDMAIL_ASSERT(key_bytes.size() > hash_bytes);
  return Bytes(key_bytes.substr(key_bytes.size() - hash_bytes));
}

Bytes DirectoryKeys::audit_entry(std::uint64_t number) const {
  Bytes rest;
  append_be64(rest, number);
  return key(audit_table, rest);
}

Bytes DirectoryKeys::audit_book() const {
  return key(audit_book_table);
}

Bytes DirectoryKeys::config_version(std::uint64_t number) const {
  Bytes rest;
  append_be64(rest, number);
  return key(config_version_table, rest);
}
KeyRange DirectoryKeys::config_versions() const {
  return range(config_version_table);
}
Bytes DirectoryKeys::config_book() const {
  return key(config_book_table);
}
Bytes DirectoryKeys::answer(BytesView id) const {
  return key(answer_table, id);
}
Bytes DirectoryKeys::answer_at(WallMicros begun, BytesView id) const {
  Bytes rest;
  append_be64(rest, static_cast<std::uint64_t>(begun));
  rest += id;
  return key(answer_at_table, rest);
}
KeyRange DirectoryKeys::answers_by_date() const {
  return range(answer_at_table);
}
Bytes DirectoryKeys::answer_in(BytesView key) const {
  return Bytes(key.substr(answer_at(0, {}).size()));
}
Bytes DirectoryKeys::answer_book() const {
  return key(answer_book_table);
}

Bytes DirectoryKeys::applied(Guid guid) const {
  return key(applied_table, guid.view());
}

Bytes DirectoryKeys::applied_at(AgeMicros at, Guid guid) const {
  Bytes rest;
  append_be64(rest, static_cast<std::uint64_t>(at));
  rest += guid.view();
  return key(applied_at_table, rest);
}

KeyRange DirectoryKeys::applied_before(AgeMicros at) const {
  Bytes rest;
  append_be64(rest, static_cast<std::uint64_t>(std::max<AgeMicros>(at, 0)));
  return {key(applied_at_table), key(applied_at_table, rest)};
}

Guid DirectoryKeys::applied_in(BytesView key_bytes) const {
  const auto guid = Guid::from_bytes(key_bytes.substr(key_bytes.size() - sizeof(Guid)));
  GRIDMAIL_ASSERT(guid.has_value());
  return *guid;
}

}  // namespace gridmail
