#include "node/services/directory/log_in.hpp"

#include <algorithm>

#include "node/base/log.hpp"
#include "node/runtime/timer.hpp"
#include "node/services/directory/app_password.hpp"

namespace gridmail {
namespace {

/// They are drawn, so that a fast hash is enough.
bool fits_one(const std::vector<Bytes>& hashes, const std::string& password) {
  return !hashes.empty() &&
         std::find(hashes.begin(), hashes.end(), hash_of_app_password(password)) != hashes.end();
}

}  // namespace

Task<Result<LoggedIn>> LogIn::check(LoginRecord record, std::string password, std::string peer_address,
                                    bool final) {
  const bool can = record.may_log_in && !record.hash.empty();
  if (can && verified_.matches(record.owner, record.version, password)) {
    delays_.succeeded(peer_address);
    co_return let_in(record, {});
  }
  if (record.may_log_in && fits_one(record.app_passwords, password)) {
    delays_.succeeded(peer_address);
    co_return let_in(record, {});
  }
  // A password that is known to be right is not asked about: who guesses locks no client out that is
  // connected all day.
  const UsageLimits::Client client{peer_address, record.owner};
  if (limits_ != nullptr && !limits_->may(Counted::failed_log_ins, client))
    co_return fail(Errc::unavailable, "too many failed log-ins");
  const std::string& hash = can ? record.hash : hasher_.nobodys_hash();
  // Whoever guesses must not keep the others waiting: their log-ins are looked at first.
  const bool trusted = can && !delays_.is_guessed_at(record.owner);
  const auto rank = trusted ? Allowance::Rank::preferred : Allowance::Rank::common;
  const auto right = co_await hasher_.verify(hash, password, rank);
  if (!right) co_return fail(Errc::unavailable, right.error().text);
  if (*right && can) {
    auto told = verified_.remember(record.owner, record.version, password);
    if (tell_) tell_(std::move(told));
    delays_.succeeded(peer_address);
    co_return let_in(record, {hasher_.is_old(record.hash)});
  }
  if (!final) co_return fail(Errc::unavailable, "the directory here is out of date");
  if (can) delays_.guessed(record.owner);
  if (limits_ != nullptr) limits_->count(Counted::failed_log_ins, client);
  const auto delay = delays_.failed(peer_address);
  log(Level::info, "login.failed",
      {{"peer", peer_address}, {"delay_ms", delay / std::chrono::milliseconds(1)}});
  co_await sleep_for(clock_, delay);
  co_return fail(Errc::denied, "wrong user or password");
}

Result<LoggedIn> LogIn::let_in(const LoginRecord& record, LoggedIn how) {
  const std::string everywhere;  // where from was counted with the connection
  if (limits_ == nullptr || limits_->take(Counted::connections, {everywhere, record.owner})) return how;
  return fail(Errc::unavailable, "too many log-ins");
}

}  // namespace gridmail
