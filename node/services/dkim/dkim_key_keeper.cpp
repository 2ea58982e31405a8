#include "node/services/dkim/dkim_key_keeper.hpp"

#include <algorithm>

#include "node/base/log.hpp"
#include "node/runtime/timer.hpp"
#include "storage/directory/sealed_secret.hpp"

namespace gridmail {
namespace {

constexpr auto members_looked_at_every = std::chrono::seconds(1);
constexpr unsigned looks_between = 60;

std::vector<NodeId> ids_of(const Map& map) {
  std::vector<NodeId> ids;
  for (const auto& member : map.members) ids.push_back(member.id);
  return ids;
}

}  // namespace

Task<void> DkimKeyKeeper::run() {
  for (unsigned round = 0;; ++round) {
    const auto map = ports_.map();
    const bool due = map && (round % looks_between == 0 || ids_of(*map) != sealed_to_);
    if (due) co_await look();
    co_await sleep_for(ports_.clock, members_looked_at_every);
  }
}

Task<void> DkimKeyKeeper::look() {
  const auto map = ports_.map();
  const auto keys = co_await ports_.view.dkim_keys();
  if (!map || !keys) co_return;
  bool all_done = true;
  for (const auto& key : *keys) {
    auto sealed = sealed_anew(key, *map);
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
  if (all_done) sealed_to_ = ids_of(*map);
}

std::optional<directory::SealedSecret> DkimKeyKeeper::sealed_anew(const directory::DkimKey& key,
                                                                  const Map& map) {
  const auto& members = map.members;
  if (!key.private_key().empty()) {  // from before keys were sealed
    const auto first = std::find_if(members.begin(), members.end(),
                                    [&](const Member& one) { return ports_.is_alive(one.id); });
    if (first == members.end() || first->id != self_) return std::nullopt;
    return seal_secret(key.private_key(), members, ports_.random);
  }
  if (is_sealed_to(key.sealed_key(), members)) return std::nullopt;
  if (who_seals_anew(key.sealed_key(), members, ports_.is_alive) != self_) return std::nullopt;
  const auto opened = open_secret(key.sealed_key(), self_, seed_);
  if (!opened) {
    log(Level::warn, "dkim.not_opened", {{"domain", key.domain()}, {"selector", key.selector()}});
    return std::nullopt;
  }
  return seal_secret(*opened, members, ports_.random);
}

}  // namespace gridmail
