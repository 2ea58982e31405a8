#include "node/services/directory/srs_secrets.hpp"

#include <utility>

#include "storage/directory/sealed_secret.hpp"

namespace gridmail {
namespace {

/// Until then every node has taken it in, and recognizes what it signs.
constexpr Duration signs_after = std::chrono::minutes(1);
constexpr std::size_t opened_max = 16;

}  // namespace

Task<Result<std::vector<Bytes>>> SrsSecrets::all() {
  const auto settings = co_await view_.settings();
  std::vector<Bytes> all;
  if (!settings && settings.error().code == Errc::not_found) co_return all;
  if (!settings) co_return tl::unexpected(settings.error());
  for (const auto& record : settings->srs_secrets()) {
    auto secret = open(record.sealed());
    if (!secret) co_return tl::unexpected(secret.error());
    all.push_back(std::move(*secret));
  }
  if (all.size() > 1 && clock_.wall() < settings->srs_secrets(0).created() + to_micros(signs_after))
    std::swap(all[0], all[1]);
  if (!settings->srs_secret().empty()) all.push_back(settings->srs_secret());
  co_return all;
}

Result<Bytes> SrsSecrets::open(const directory::SealedSecret& sealed) {
  const std::lock_guard lock(guard_);
  const auto known = opened_.find(sealed.box());
  if (known != opened_.end()) return known->second;
  auto secret = open_secret(sealed, opener_.self, opener_.seed);
  if (!secret) return fail(Errc::unavailable, secret.error().text);
  if (opened_.size() >= opened_max) opened_.clear();
  opened_.emplace(sealed.box(), *secret);
  return secret;
}

}  // namespace gridmail
