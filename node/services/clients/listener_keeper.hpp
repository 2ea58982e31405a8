// Keeps a node's ListenerBook: finds out where this node is, and asks the others where they are.
#pragma once
#include "gossip/membership/membership.hpp"
#include "node/services/clients/listener_book.hpp"

namespace gridmail {

/// Until cancelled. What it is given outlives it.
[[nodiscard]] Task<void> keep_listeners_known(Clock& clock, const NodeConfig& config,
                                              const Membership& membership, ListenerBook& book);

}  // namespace gridmail
