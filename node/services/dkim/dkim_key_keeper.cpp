#include "node/services/dkim/dkim_key_keeper.hpp"

#include "node/base/log.hpp"
#include "storage/directory/sealed_secret.hpp"

namespace gridmail {

Task<bool> DkimKeyKeeper::look() {
  const auto map = ports_.map();
  const auto keys = co_await ports_.view.dkim_keys();
  if (!map || !keys) co_return false;
  bool all_done = true;
  for (const auto& key : *keys) {
    auto sealed = anew(key, *map);
    if (!sealed) continue;
    directory::Change change;
    auto& seal = *change.mutable_seal_dkim_key();
    seal.set_domain(key.domain());
    seal.set_selector(key.selector());
    seal.set_public_key(key.public_key());
    *seal.mutable_sealed_key() = std::move(*sealed);
    const auto done = co_await ports_.directory.change(std::move(change));
    if (done || done.error().code == Errc::not_found) continue;
    all_done = false;
    log(Level::warn, "dkim.not_sealed",
        {{"domain", key.domain()}, {"selector", key.selector()}, {"error", done.error().text}});
  }
  co_return all_done;
}

std::optional<directory::SealedSecret> DkimKeyKeeper::anew(const directory::DkimKey& key, const Map& map) {
  const Sealer sealer{self_, seed_, ports_.random, ports_.is_alive};
  if (!key.private_key().empty()) {  // from before keys were sealed
    if (!seals_first(map.members, sealer)) return std::nullopt;
    return seal_secret(key.private_key(), map.members, ports_.random);
  }
  auto sealed = sealed_anew(key.sealed_key(), map.members, sealer);
  if (sealed) return std::move(*sealed);
  log(Level::warn, "dkim.not_opened", {{"domain", key.domain()}, {"selector", key.selector()}});
  return std::nullopt;
}

}  // namespace gridmail
