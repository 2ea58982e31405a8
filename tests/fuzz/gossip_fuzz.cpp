// Everything gossip reads from outside: maps, changes, register messages, sealed datagrams and what is in
// them, state exchanges, join tokens. The first byte chooses which.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "gossip/membership/join_token.hpp"
#include "gossip/membership/membership.pb.h"
#include "gossip/membership/node_record.hpp"
#include "gossip/membership/roster.hpp"
#include "gossip/membership/sealing.hpp"
#include "gossip/placement/planner.hpp"
#include "gossip/register/map.hpp"
#include "gossip/register/register_wire.hpp"

namespace {

using namespace gridmail;

void expect(bool held) {
  if (!held) std::abort();
}

void fuzz_map(BytesView bytes) {
  const auto map = decode_map(bytes);
  if (!map) return;
  const auto again = decode_map(encode_map(*map));
  expect(again && *again == *map);
  if (map->members.size() > 50 || map->rows.size() > 200) return;
  for (const auto& copies : plan_copies(*map)) expect(copies.size() <= map->members.size());
}

void fuzz_change(BytesView bytes) {
  const auto change = decode_change(bytes);
  if (!change) return;
  static const Map base = [] {
    Member member;
    member.id.value[0] = 1;
    member.name = "n1";
    return create_map(member, 4, Bytes(16, 'g'), {});
  }();
  const Map next = apply(base, *change);
  const Map again = apply(next, *change);
  for (std::size_t i = 0; i < next.rows.size(); ++i) {
    expect(!next.rows[i].in_sync.empty() && again.rows[i].epoch >= next.rows[i].epoch);
  }
}

void fuzz_swim(BytesView bytes) {
  gossip::SwimDatagram datagram;
  if (!datagram.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  NodeStatus self;
  Roster roster(self);
  for (const auto& record : datagram.rumours()) {
    if (const auto rumour = read_node(record)) roster.hear(*rumour, TimePoint{});
  }
}

void fuzz_register(BytesView bytes) {
  gossip::RegisterMessage message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  const Ballot ballot = read_ballot(message.prepare().ballot());
  gossip::BallotRecord record;
  write_ballot(ballot, record);
  expect(read_ballot(record) == ballot);
  fuzz_map(message.push().map());
  fuzz_change(message.request().change());
}

void fuzz_datagram(BytesView bytes) {
  static SeededRandom random(1);
  static DatagramSealer sealer(NodeId{}, 1, {{draw_gossip_key(random)}}, random);
  const auto opened = sealer.open(bytes, {});
  expect(!opened);  // nobody guesses the key
}

void fuzz_token(BytesView bytes) {
  const auto token = decode_join_token(bytes);
  if (token) expect(*decode_join_token(encode_join_token(*token)) == *token);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const BytesView bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0:
      fuzz_map(bytes);
      break;
    case 1:
      fuzz_change(bytes);
      break;
    case 2:
      fuzz_swim(bytes);
      break;
    case 3:
      fuzz_register(bytes);
      break;
    case 4:
      fuzz_datagram(bytes);
      break;
    default:
      fuzz_token(bytes);
      break;
  }
  return 0;
}
