#include "node/services/directory/domain_admin.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "node/services/directory/canonical_domain.hpp"
#include "protocols/text/ascii.hpp"
#include "protocols/text/calendar.hpp"
#include "storage/directory/sealed_secret.hpp"

namespace gridmail {
namespace {

dkim::Algorithm algorithm_of(const directory::DkimKey& key) {
  return key.algorithm() == directory::DkimKey::RSA ? dkim::Algorithm::rsa : dkim::Algorithm::ed25519;
}

DkimKeyRow row_of(const directory::DkimKey& key) {
  const auto algorithm = algorithm_of(key);
  return {key.domain(),
          key.selector(),
          algorithm,
          key.state(),
          key.created(),
          dkim::key_record_name(key.selector(), key.domain()),
          dkim::key_record(algorithm, key.public_key())};
}

/// "rsa20261122"; a further one of that day "rsa20261122b".
std::string free_selector(dkim::Algorithm algorithm, WallMicros now, const std::vector<DkimKeyRow>& keys) {
  const auto date = text::civil_time_of({now / 1'000'000, 0});
  const auto base = fmt::format("{}{:04}{:02}{:02}", name_of(algorithm), date.year, date.month, date.day);
  auto selector = base;
  for (char letter = 'b'; letter <= 'z'; ++letter) {
    const bool is_taken =
        std::any_of(keys.begin(), keys.end(), [&](const auto& key) { return key.selector == selector; });
    if (!is_taken) break;
    selector = base + letter;
  }
  return selector;
}

}  // namespace

Task<Result<dkim::SigningKey>> DomainAdmin::make_key(dkim::Algorithm algorithm) {
  auto& random = ports_.random;
  if (ports_.workers == nullptr || algorithm == dkim::Algorithm::ed25519)
    co_return dkim::SigningKey::generate(algorithm, random);
  auto& chosen = algorithm;
  co_return co_await ports_.workers->run(
      [&random, &chosen] { return dkim::SigningKey::generate(chosen, random); });
}

Task<Result<DomainAdmin::AddedKey>> DomainAdmin::add_dkim_key(std::string domain, dkim::Algorithm algorithm,
                                                              std::string selector) {
  auto name = canonical_domain(domain);
  if (!name) co_return tl::unexpected(name.error());
  if (selector.empty()) {
    const auto keys = co_await dkim_keys(*name);
    if (!keys) co_return tl::unexpected(keys.error());
    selector = free_selector(algorithm, ports_.clock.wall(), *keys);
  }
  const auto map = ports_.map();
  if (!map) co_return fail(Errc::unavailable, "this node is in no grid");
  const auto made = co_await make_key(algorithm);
  if (!made) co_return tl::unexpected(made.error());
  directory::Change change;
  auto& key = *change.mutable_add_dkim_key()->mutable_key();
  key.set_domain(*name);
  key.set_selector(text::to_lower(selector));
  key.set_algorithm(algorithm == dkim::Algorithm::rsa ? directory::DkimKey::RSA
                                                      : directory::DkimKey::ED25519);
  *key.mutable_sealed_key() = seal_secret(made->private_key(), map->members, ports_.random);
  key.set_public_key(made->public_key());
  key.set_created(ports_.clock.wall());
  AddedKey added;
  added.key = row_of(key);
  auto applied = co_await ports_.directory.change(std::move(change));
  if (!applied) co_return tl::unexpected(applied.error());
  added.applied = std::move(*applied);
  co_return added;
}

Task<Result<std::vector<DkimKeyRow>>> DomainAdmin::dkim_keys(std::string domain) {
  std::string name;
  if (!domain.empty()) {
    auto checked = canonical_domain(domain);
    if (!checked) co_return tl::unexpected(checked.error());
    name = std::move(*checked);
  }
  const auto keys = co_await ports_.view.dkim_keys();
  if (!keys) co_return tl::unexpected(keys.error());
  std::vector<DkimKeyRow> rows;
  for (const auto& key : *keys) {
    if (name.empty() || key.domain() == name) rows.push_back(row_of(key));
  }
  co_return rows;
}

Task<Result<AppliedChange>> DomainAdmin::set_dkim_key_state(std::string domain, std::string selector,
                                                            directory::DkimKey::State state) {
  auto name = canonical_domain(domain);
  if (!name) co_return tl::unexpected(name.error());
  directory::Change change;
  auto& wish = *change.mutable_set_dkim_key_state();
  wish.set_domain(*name);
  wish.set_selector(text::to_lower(selector));
  wish.set_state(state);
  co_return co_await ports_.directory.change(std::move(change));
}

Task<Result<AppliedChange>> DomainAdmin::remove_dkim_key(std::string domain, std::string selector) {
  auto name = canonical_domain(domain);
  if (!name) co_return tl::unexpected(name.error());
  directory::Change change;
  auto& wish = *change.mutable_remove_dkim_key();
  wish.set_domain(*name);
  wish.set_selector(text::to_lower(selector));
  co_return co_await ports_.directory.change(std::move(change));
}

}  // namespace gridmail
