// Secrets in the directory that members alone can open: keys of certificates, and those that sign mail. The
// directory's records are on every node's disk and in every copy of it; what a secret is sealed with is not.
#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "gossip/register/map.hpp"
#include "node/base/random.hpp"
#include "storage/directory/directory.pb.h"

namespace gridmail {

/// XChaCha20-Poly1305 under a key drawn for it, which is sealed to each member's public key (libsodium's
/// sealed boxes, X25519, of the Ed25519 key that is the member's identity, proven when it joined).
[[nodiscard]] directory::SealedSecret seal_secret(BytesView secret, const std::vector<Member>& members,
                                                  Random& random);

/// Whether it may be one, and is not too long for a record.
[[nodiscard]] bool is_sealed(const directory::SealedSecret& secret);

/// `seed`: the node's Ed25519 private key, 32 bytes (RFC 8032, 5.1.5). Errors: not_found (not sealed to this
/// node), corrupted.
[[nodiscard]] Result<Bytes> open_secret(const directory::SealedSecret& sealed, NodeId node, BytesView seed);

/// Whose task it is to seal it anew when members come and go: the first that is alive and can open it.
[[nodiscard]] std::optional<NodeId> who_seals_anew(const directory::SealedSecret& sealed,
                                                   const std::vector<Member>& members,
                                                   const std::function<bool(NodeId)>& is_alive);

/// Whether each of the members, and nobody else, can open it.
[[nodiscard]] bool is_sealed_to(const directory::SealedSecret& sealed, const std::vector<Member>& members);

/// A node that seals; what it refers to outlives it.
struct Sealer {
  NodeId self;
  const Bytes& seed;  ///< its private key
  Random& random;
  const std::function<bool(NodeId)>& is_alive;
};

/// The secret sealed to all members, as these have come and gone. Nothing: it is sealed to them already, or
/// that is another node's task. Errors: those of open_secret, where it is this node's.
[[nodiscard]] Result<std::optional<directory::SealedSecret>> sealed_anew(
    const directory::SealedSecret& sealed, const std::vector<Member>& members, const Sealer& sealer);

/// Whose task it is to make or seal what nobody has sealed yet: whether this node is the first that is alive.
[[nodiscard]] bool seals_first(const std::vector<Member>& members, const Sealer& sealer);

}  // namespace gridmail
