// Between the register's types and its records.
#pragma once
#include "gossip/register/ballot.hpp"
#include "gossip/register/register.pb.h"

namespace gridmail {

inline void write_ballot(const Ballot& ballot, gossip::BallotRecord& record) {
  record.set_round(ballot.round);
  record.set_node(ballot.node.bytes());
  record.set_start(ballot.start);
}

/// A malformed node id reads as nil: such a ballot is below all others of its round.
[[nodiscard]] inline Ballot read_ballot(const gossip::BallotRecord& record) {
  return {record.round(), NodeId::from_bytes(record.node()).value_or(NodeId{}), record.start()};
}

/// Tells encoded maps apart without sending them.
[[nodiscard]] inline Bytes map_digest(BytesView map) {
  return blake2b(map, 16);
}

}  // namespace gridmail
