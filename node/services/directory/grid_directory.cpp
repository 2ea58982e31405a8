#include "node/services/directory/grid_directory.hpp"

#include <algorithm>

#include "protocols/text/normalization.hpp"

namespace gridmail {
namespace {

/// To the protocols, a directory that cannot be read is one that does not know.
Error temporary(Error error) {
  if (error.temporary()) return error;
  return {Errc::unavailable, std::move(error.text)};
}

bool is_answer(const Error& error) {
  return error.code == Errc::not_found || error.code == Errc::invalid;
}

Result<ports::Target> target_of(const directory::User& user) {
  const auto id = UserId::from_bytes(user.id());
  if (!id) return fail(Errc::unavailable, "a user's record cannot be read");
  return ports::Target{*id, user.address(), false};
}

}  // namespace

Task<Result<ports::Target>> GridDirectory::resolve(std::string address) {
  const auto found = co_await search_.find(std::move(address));
  if (!found) co_return tl::unexpected(is_answer(found.error()) ? found.error() : temporary(found.error()));
  if (!found->user) co_return ports::Target{UserId{}, found->address, !found->is_returned};
  auto target = target_of(*found->user);
  if (target) target->expands = found->user->forward_to_size() > 0;
  co_return target;
}

Task<Result<bool>> GridDirectory::is_local_domain(std::string domain) {
  const auto ascii = text::to_ascii_domain(domain);
  if (!ascii) co_return false;
  const auto found = co_await view_.domain(*ascii);
  if (found) co_return true;
  if (found.error().code == Errc::not_found) co_return false;
  co_return tl::unexpected(temporary(found.error()));
}

Task<Result<ports::Account>> GridDirectory::authenticate(std::string login, std::string password,
                                                         std::string peer_address, ports::Protocol protocol) {
  LoginRecord record;
  ports::Account account;
  bool final = view_.fresh();
  if (const auto canonical = text::canonical_address(login)) {
    const auto user = co_await view_.resolve(*canonical);
    if (user) {
      const auto target = target_of(*user);
      if (!target) co_return tl::unexpected(target.error());
      account = {target->id, target->address};
      auto app_passwords = co_await app_passwords_of(target->id, protocol);
      if (!app_passwords) co_return tl::unexpected(temporary(app_passwords.error()));
      record = {user->id(), user->version(), user->password_hash(), user->can_log_in(),
                std::move(*app_passwords)};
    } else if (user.error().code == Errc::unavailable) {
      final = false;
    } else if (user.error().code != Errc::not_found) {
      co_return tl::unexpected(temporary(user.error()));
    }
  }
  const auto version = record.version;
  const auto checked = co_await log_in_.check(std::move(record), password, std::move(peer_address), final);
  if (!checked) co_return tl::unexpected(checked.error());
  if (checked->hash_is_old && renew_) renew_({account.id, version, std::move(password)});
  co_return account;
}

Task<Result<std::vector<Bytes>>> GridDirectory::app_passwords_of(UserId user, ports::Protocol protocol) {
  const auto records = co_await view_.app_passwords_of(user);
  if (!records) co_return tl::unexpected(records.error());
  std::vector<Bytes> hashes;
  for (const auto& record : *records) {
    const auto& protocols = record.protocols();
    if (std::find(protocols.begin(), protocols.end(), ports::name_of(protocol)) != protocols.end())
      hashes.push_back(record.hash());
  }
  co_return hashes;
}

/// What is nobody's else is not therefore who gets it: a catch-all gives no right to send.
Task<Result<bool>> GridDirectory::may_send_as(UserId user, std::string address) {
  const auto found = co_await search_.find(std::move(address));
  if (found) {
    if (!found->user || found->is_catch_all) co_return false;
    const auto& delegates = found->user->delegates();
    co_return found->user->id() == user.view() ||
        std::find(delegates.begin(), delegates.end(), user.view()) != delegates.end();
  }
  if (is_answer(found.error())) co_return false;
  co_return tl::unexpected(temporary(found.error()));
}

}  // namespace gridmail
