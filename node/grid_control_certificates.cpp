// The certificates that mail clients are shown.
#include <fmt/format.h>

#include "node/applied.hpp"
#include "node/grid_control_binding.hpp"

namespace gridmail {
namespace {

constexpr auto expiry_warned_before = std::chrono::hours(24 * 21);
constexpr WallMicros day = 24LL * 3600 * 1'000'000;

}  // namespace

Task<Result<std::vector<api::CertificateRow>>> GridControlBinding::certificates() {
  const auto rows = co_await parts_.certificates.list();
  if (!rows) co_return tl::unexpected(rows.error());
  std::vector<api::CertificateRow> certificates;
  for (const auto& row : *rows) {
    certificates.push_back({row.name, row.facts.names, row.facts.issuer, row.facts.not_before,
                            row.facts.not_after, row.facts.fingerprint, row.created});
  }
  co_return certificates;
}

Task<Result<api::Applied>> GridControlBinding::put_certificate(std::string chain, std::string key) {
  const auto change = co_await as_->certificates.put(std::move(chain), std::move(key));
  co_return applied(change);
}

Task<Result<api::Applied>> GridControlBinding::remove_certificate(std::string name) {
  const auto change = co_await as_->certificates.remove(std::move(name));
  co_return applied(change);
}

Task<Result<std::vector<CertificateRow>>> GridControlBinding::shown_certificates() {
  auto rows = co_await parts_.certificates.list();
  const auto own = state_->own_certificate ? state_->own_certificate() : std::nullopt;
  if (rows && own) rows->push_back({"node " + parts_.config.name, *own});
  co_return rows;
}

Task<std::vector<std::string>> GridControlBinding::certificate_notices() {
  std::vector<std::string> notices;
  const auto rows = co_await shown_certificates();
  if (!rows) co_return notices;
  if (rows->empty()) {
    notices.push_back(
        "mail clients are shown a certificate that each node has signed itself: `gridmail certificate set`");
  }
  const auto now = parts_.clock.wall();
  for (const auto& row : *rows) {
    const auto left = row.facts.not_after - now;
    if (left <= 0) {
      notices.push_back(fmt::format("the certificate of {} has expired: clients refuse it", row.name));
    } else if (left < to_micros(expiry_warned_before)) {
      notices.push_back(fmt::format("the certificate of {} expires in {} days", row.name, left / day));
    }
  }
  co_return notices;
}

}  // namespace gridmail
