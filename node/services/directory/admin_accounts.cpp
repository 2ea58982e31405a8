// The part of UserAdmin about administrators and their tokens.
#include "node/services/directory/user_admin.hpp"

namespace gridmail {
namespace {

/// Tokens begin so, for people and for scanners of leaked secrets.
constexpr std::string_view token_prefix = "gmt_";
constexpr std::size_t token_bytes = 32;

}  // namespace

Task<Result<AppliedChange>> UserAdmin::put_admin(std::string name, std::string password, bool replace) {
  auto hash = co_await ports_.hasher.hash(std::move(password));
  if (!hash) co_return tl::unexpected(hash.error());
  co_return co_await ports_.directory.put_admin(std::move(name), std::move(*hash), replace);
}

Task<Result<AppliedChange>> UserAdmin::remove_admin(std::string name) {
  return ports_.directory.remove_admin(std::move(name));
}

Task<Result<std::vector<directory::Admin>>> UserAdmin::admins() {
  return ports_.view.admins();
}

Task<Result<NewToken>> UserAdmin::add_token(std::string name, std::string admin, WallMicros expires,
                                            std::optional<std::string> secret, directory::Role role) {
  NewToken token;
  if (secret) {
    token.secret = std::move(*secret);
  } else {
    Bytes drawn(token_bytes, '\0');
    ports_.random.fill(drawn.data(), drawn.size());
    token.secret = std::string(token_prefix) + to_base64url(drawn);
  }
  auto applied =
      co_await ports_.directory.add_token(token.secret, std::move(name), std::move(admin), expires, role);
  if (!applied) co_return tl::unexpected(applied.error());
  token.applied = std::move(*applied);
  co_return token;
}

Task<Result<std::vector<directory::Token>>> UserAdmin::tokens() {
  return ports_.view.tokens();
}

Task<Result<AppliedChange>> UserAdmin::remove_token(Bytes id) {
  return ports_.directory.remove_token(std::move(id));
}

Task<Result<void>> UserAdmin::authenticate_admin(std::string name, std::string password,
                                                 std::string peer_address) {
  bool final = ports_.view.fresh();
  LoginRecord record;
  const auto admin = co_await ports_.view.admin(name);
  if (admin) {
    record = {"admin/" + name, admin->version(), admin->password_hash(), true};
  } else if (admin.error().code != Errc::not_found) {
    final = false;
  }
  const auto checked =
      co_await ports_.log_in.check(std::move(record), std::move(password), std::move(peer_address), final);
  if (!checked) co_return tl::unexpected(checked.error());
  co_return Result<void>{};
}

Task<Result<directory::Token>> UserAdmin::authenticate_token(std::string secret) {
  auto token = co_await ports_.view.token(std::move(secret), ports_.clock.wall());
  if (token) co_return std::move(*token);
  if (token.error().code == Errc::not_found)
    co_return fail(Errc::denied, "the token is unknown or has expired");
  co_return fail(Errc::unavailable, token.error().text);
}

}  // namespace gridmail
