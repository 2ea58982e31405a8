// A call of a node that is not a member (yet) to one that is: how a joining node introduces itself.
#pragma once
#include <string>
#include <vector>

#include "gossip/transport/peer_socket.hpp"

namespace gridmail {

/// Connects to the first address that answers with the key whose fingerprint (node_id_of) is `expected`, and
/// only then sends `request` (64 KiB at most); gives the response. To be awaited on a strand or a
/// single-threaded context. Errors: denied (another key: nothing was sent), unavailable, timed_out,
/// too_large, invalid.
[[nodiscard]] Task<Result<Bytes>> call_stranger(Clock& clock, const TlsIdentity& identity,
                                                std::vector<std::string> addresses, NodeId expected,
                                                Bytes request, TimePoint deadline);

}  // namespace gridmail
