#include "node/services/directory/log_in.hpp"

#include "node/base/log.hpp"
#include "node/runtime/timer.hpp"

namespace gridmail {

Task<Result<LoggedIn>> LogIn::check(LoginRecord record, std::string password, std::string peer_address,
                                    bool final) {
  const bool can = record.may_log_in && !record.hash.empty();
  if (can && verified_.matches(record.owner, record.version, password)) {
    delays_.succeeded(peer_address);
    co_return LoggedIn{};
  }
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
    co_return LoggedIn{hasher_.is_old(record.hash)};
  }
  if (!final) co_return fail(Errc::unavailable, "the directory here is out of date");
  if (can) delays_.guessed(record.owner);
  const auto delay = delays_.failed(peer_address);
  log(Level::info, "login.failed",
      {{"peer", peer_address}, {"delay_ms", delay / std::chrono::milliseconds(1)}});
  co_await sleep_for(clock_, delay);
  co_return fail(Errc::denied, "wrong user or password");
}

}  // namespace gridmail
