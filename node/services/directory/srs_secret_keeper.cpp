#include "node/services/directory/srs_secret_keeper.hpp"

#include "node/base/log.hpp"
#include "protocols/srs/sender_rewriting.hpp"

namespace gridmail {
namespace {

constexpr std::size_t secret_bytes = 32;
/// What a secret has signed is good for so long after the next one came: days are counted from their
/// beginning, and the next one does not sign at once.
constexpr Duration recognized_for = std::chrono::hours(24 * (srs::days_valid + 2));

}  // namespace

Task<bool> SrsSecretKeeper::look() {
  const auto map = ports_.map();
  const auto settings = co_await ports_.view.settings();
  if (!map || !settings) co_return false;
  const auto secrets = renewed(*settings, *map);
  if (!secrets) co_return true;
  directory::Change change;
  auto& wish = *change.mutable_set_srs_secrets();
  wish.set_expected_version(settings->srs_version());
  for (const auto& secret : *secrets) *wish.add_secrets() = secret;
  const auto done = co_await ports_.directory.change(std::move(change));
  // A conflict: another node that sees otherwise whose task it is was faster.
  if (!done && done.error().code != Errc::conflict)
    log(Level::warn, "srs.not_sealed", {{"error", done.error().text}});
  co_return done.has_value();
}

std::optional<SrsSecretKeeper::Secrets> SrsSecretKeeper::renewed(const directory::Settings& settings,
                                                                 const Map& map) {
  const Sealer sealer{self_, seed_, ports_.random, ports_.is_alive};
  const bool makes = seals_first(map.members, sealer);
  bool changed = false;
  Secrets secrets;
  for (const auto& secret : settings.srs_secrets()) {
    if (makes && !is_wanted(secret, secrets, map)) {
      changed = true;
      continue;
    }
    secrets.push_back(secret);
    auto anew = sealed_anew(secret.sealed(), map.members, sealer);
    if (!anew) log(Level::warn, "srs.not_opened", {{"error", anew.error().text}});
    if (!anew || !*anew) continue;
    *secrets.back().mutable_sealed() = std::move(**anew);
    changed = true;
  }
  if (makes && !settings.srs_secret().empty()) {  // from before it was sealed
    secrets.push_back(sealed(settings.srs_secret(), map));
    changed = true;
  }
  if (makes && (secrets.empty() || secrets.front().created() + to_micros(signs_for) <= ports_.clock.wall())) {
    Bytes secret(secret_bytes, '\0');
    ports_.random.fill(secret.data(), secret.size());
    secrets.insert(secrets.begin(), sealed(secret, map));
    changed = true;
  }
  return changed ? std::optional(std::move(secrets)) : std::nullopt;
}

/// While what it signed is good, and a member, alive or not, can open it.
bool SrsSecretKeeper::is_wanted(const directory::SrsSecret& secret, const Secrets& newer,
                                const Map& map) const {
  const auto now = ports_.clock.wall();
  if (!newer.empty() && newer.back().created() + to_micros(recognized_for) <= now) return false;
  return who_seals_anew(secret.sealed(), map.members, [](NodeId) { return true; }).has_value();
}

directory::SrsSecret SrsSecretKeeper::sealed(BytesView secret, const Map& map) {
  directory::SrsSecret record;
  *record.mutable_sealed() = seal_secret(secret, map.members, ports_.random);
  record.set_created(ports_.clock.wall());
  return record;
}

}  // namespace gridmail
