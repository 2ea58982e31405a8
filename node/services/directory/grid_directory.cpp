#include "node/services/directory/grid_directory.hpp"

#include "protocols/text/normalization.hpp"

namespace gridmail {
namespace {

constexpr std::string_view postmaster = "postmaster";
constexpr std::string_view abuse = "abuse";

/// To the protocols, a directory that cannot be read is one that does not know.
Error temporary(Error error) {
  if (error.temporary()) return error;
  return {Errc::unavailable, std::move(error.text)};
}

Result<ports::Target> target_of(const directory::User& user) {
  const auto id = UserId::from_bytes(user.id());
  if (!id) return fail(Errc::unavailable, "a user's record cannot be read");
  return ports::Target{*id, user.address()};
}

}  // namespace

Task<Result<directory::User>> GridDirectory::find(std::string canonical) const {
  if (canonical == postmaster) co_return co_await view_.postmaster();
  auto user = co_await view_.resolve(canonical);
  if (user || user.error().code != Errc::not_found) co_return user;
  const auto [local, domain] = split_address(canonical);
  if (domain.empty()) co_return fail(Errc::not_found, "user");
  const auto ours = co_await view_.domain(std::string(domain));
  if (!ours && ours.error().code == Errc::not_found) co_return fail(Errc::not_found, "relay");
  if (!ours) co_return tl::unexpected(ours.error());
  // RFC 5321, section 4.5.1: postmaster is accepted for every domain that is served; RFC 2142: so is abuse.
  if (local == postmaster || local == abuse) co_return co_await view_.postmaster();
  co_return fail(Errc::not_found, "user");
}

Task<Result<ports::Target>> GridDirectory::resolve(std::string address) {
  const auto canonical = text::canonical_address(address);
  if (!canonical) co_return fail(Errc::invalid, "not an address");
  const auto user = co_await find(*canonical);
  if (user) co_return target_of(*user);
  if (user.error().code == Errc::not_found) co_return tl::unexpected(user.error());
  co_return tl::unexpected(temporary(user.error()));
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
                                                         std::string peer_address) {
  LoginRecord record;
  ports::Account account;
  bool final = view_.fresh();
  if (const auto canonical = text::canonical_address(login)) {
    const auto user = co_await view_.resolve(*canonical);
    if (user) {
      const auto target = target_of(*user);
      if (!target) co_return tl::unexpected(target.error());
      account = {target->id, target->address};
      record = {user->id(), user->version(), user->password_hash(), user->can_log_in()};
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

Task<Result<bool>> GridDirectory::may_send_as(UserId user, std::string address) {
  const auto canonical = text::canonical_address(address);
  if (!canonical) co_return false;
  const auto owner = co_await find(*canonical);
  if (owner) co_return owner->id() == user.view();
  if (owner.error().code == Errc::not_found) co_return false;
  co_return tl::unexpected(temporary(owner.error()));
}

}  // namespace gridmail
