// The keys that gossip datagrams are sealed with.
#pragma once
#include <vector>

#include "node/base/bytes.hpp"
#include "node/base/random.hpp"

namespace gridmail {

inline constexpr std::size_t gossip_key_bytes = 32;

/// The first key seals; every key opens. To rotate: add the new one last everywhere, move it to the front
/// everywhere, then drop the old one.
struct KeyRing {
  std::vector<Bytes> keys;  ///< gossip_key_bytes each; at least one
};

[[nodiscard]] Bytes draw_gossip_key(Random& random);

}  // namespace gridmail
