// The keys that gossip datagrams are sealed with.
#pragma once
#include <vector>

#include "node/base/bytes.hpp"
#include "node/base/random.hpp"

namespace gridmail {

inline constexpr std::size_t gossip_key_bytes = 32;

/// The first key seals; every key opens.
struct KeyRing {
  std::vector<Bytes> keys;  ///< gossip_key_bytes each; none before a node is in a grid
  bool operator==(const KeyRing&) const = default;
};

[[nodiscard]] Bytes draw_gossip_key(Random& random);

}  // namespace gridmail
