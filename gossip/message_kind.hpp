// Which part of the program a message between nodes is for. Numbers are wire format: never reused.
#pragma once
#include <cstdint>

namespace gridmail {

enum class MessageKind : std::uint16_t {
  membership_state = 1,  ///< state exchange over TCP (push-pull)
  register_call = 2,     ///< CASPaxos phases, change requests, map push and fetch
  lease = 3,             ///< lease requests, grants, hand-backs
  slot = 4,              ///< replication: openings, operations, acknowledgements, fills
  request = 5,           ///< a front's call of a primary's service
  answer = 6,            ///< and its answer
  push = 7,              ///< "MODSEQ is n"
  directory = 8,         ///< positions and follow requests of the directory
  intake = 9,            ///< intake records and their drops
  verified = 10,         ///< a password that was right, for memory only
  egress = 13,           ///< parcels of the queue that another node sends
  load = 11,             ///< how busy a node's slots are, and its disk
  survey = 12,           ///< questions to all nodes, and their answers
  listeners = 15,        ///< where mail clients reach a node
  usage = 16,            ///< what clients have done lately, for memory only
};

}  // namespace gridmail
