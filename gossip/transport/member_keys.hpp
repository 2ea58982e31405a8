// Who may connect: the members of the map, by key.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "node/base/ids.hpp"

namespace gridmail {

/// One member as the transport knows it.
struct Peer {
  NodeId id;
  Bytes public_key;                    ///< Ed25519, 32 bytes; id is its hash
  std::vector<std::string> addresses;  ///< "host:port"
};

/// The grid and its members; a value.
struct MemberKeys {
  Bytes grid_id;
  std::map<NodeId, Peer> peers;
  std::set<NodeId> removed;  ///< were members once

  [[nodiscard]] const Peer* find(NodeId id) const {
    const auto found = peers.find(id);
    return found == peers.end() ? nullptr : &found->second;
  }
  /// Whether the holder of this key, who claims to be of this grid, may send us messages.
  [[nodiscard]] bool admits(BytesView public_key, NodeId id, BytesView claimed_grid) const {
    const auto* peer = find(id);
    return peer != nullptr && peer->public_key == public_key && is_of(claimed_grid);
  }
  /// Whether this node, whose key has shown its id, may not know yet that it is no member any more.
  [[nodiscard]] bool has_removed(NodeId id, BytesView claimed_grid) const {
    return removed.contains(id) && is_of(claimed_grid);
  }
  [[nodiscard]] bool is_of(BytesView claimed_grid) const {
    return !grid_id.empty() && claimed_grid == grid_id;
  }
};

}  // namespace gridmail
