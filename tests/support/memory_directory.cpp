#include "tests/support/memory_directory.hpp"

#include <algorithm>

namespace gridmail::testing {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

std::string domain_of(const std::string& address) {
  return address.substr(address.find('@') + 1);
}

}  // namespace

UserId MemoryDirectory::add_user(const std::string& address, const std::string& password) {
  const std::string key = lower(address);
  UserId id;
  id.value.fill(static_cast<char>(++next_id_));
  users_[key] = {id, key, password};
  domains_.insert(domain_of(key));
  return id;
}

void MemoryDirectory::add_alias(const std::string& alias, const std::string& address) {
  aliases_[lower(alias)] = lower(address);
}

const MemoryDirectory::User* MemoryDirectory::find(const std::string& address) const {
  std::string key = lower(address);
  if (const auto alias = aliases_.find(key); alias != aliases_.end()) key = alias->second;
  const auto user = users_.find(key);
  return user == users_.end() ? nullptr : &user->second;
}

Task<Result<ports::Target>> MemoryDirectory::resolve(std::string address) {
  if (lower(address) == "postmaster" && !users_.empty()) {
    const User& first = users_.begin()->second;
    co_return ports::Target{first.id, first.address};
  }
  if (address.find('@') == std::string::npos) co_return fail(Errc::invalid, "not an address");
  if (const User* user = find(address)) co_return ports::Target{user->id, user->address};
  if (stale_) co_return fail(Errc::unavailable, "directory is stale");
  co_return fail(Errc::not_found, domains_.contains(domain_of(lower(address))) ? "user" : "relay");
}

Task<Result<bool>> MemoryDirectory::is_local_domain(std::string domain) {
  co_return domains_.contains(lower(domain));
}

Task<Result<ports::Account>> MemoryDirectory::authenticate(std::string login, std::string password,
                                                           std::string /*peer_address*/,
                                                           ports::Protocol /*protocol*/) {
  const User* user = find(login);
  if (user != nullptr && user->password == password) co_return ports::Account{user->id, user->address};
  if (stale_) co_return fail(Errc::unavailable, "directory is stale");
  ++failed_logins_;
  co_return fail(Errc::denied, "wrong credentials");
}

Task<Result<bool>> MemoryDirectory::may_send_as(UserId user, std::string address) {
  const User* owner = find(address);
  co_return owner != nullptr && owner->id == user;
}

}  // namespace gridmail::testing
