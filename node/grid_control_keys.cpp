// The keys between nodes.
#include <algorithm>

#include "gossip/register/key_plan.hpp"
#include "node/grid_control_binding.hpp"

namespace gridmail {
namespace {

/// Tells keys apart without giving them away.
std::string fingerprint(const Bytes& key) {
  return to_hex(blake2b(key, 16, "gridmail key fingerprint").substr(0, 8));
}

}  // namespace

Task<Result<api::KeyStatus>> GridControlBinding::keys() {
  auto& core = parts_.core;
  const auto map = core.map();
  if (!map) co_return fail(Errc::unavailable, "this node is in no grid");
  api::KeyStatus status;
  status.phase = map->keys.phase;
  status.since = map->keys.since;
  for (const auto& key : map->keys.ring.keys) status.keys.push_back(fingerprint(key));
  const auto view = core.membership().view();
  for (const auto& member : map->members) {
    const auto known = view->find(member.id);
    const MapVersion has = known != view->end() ? known->second.figures.map_version : 0;
    const bool has_keys = member.id == core.self() || (has != 0 && has >= map->keys.since);
    status.nodes.push_back({member.id, member.name, liveness_of(*view, member.id), has_keys});
  }
  std::sort(status.nodes.begin(), status.nodes.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  co_return status;
}

Task<Result<api::KeyStatus>> GridControlBinding::rotate_key() {
  const auto map = parts_.core.map();
  if (!map) co_return fail(Errc::unavailable, "this node is in no grid");
  MapChange change;
  change.keys = begin_rotation(*map, draw_gossip_key(parts_.random));
  if (change.keys) {
    const auto agreed = co_await propose(std::move(change));
    if (!agreed) co_return tl::unexpected(agreed.error());
    AuditNote entry{"key rotate", "grid"};
    co_await note(std::move(entry));
  }
  co_return co_await keys();
}

}  // namespace gridmail
