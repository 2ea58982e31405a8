#include "gossip/placement/rendezvous.hpp"

#include <cmath>
#include <cstring>

namespace gridmail {
namespace {

/// splitmix64's finaliser (Steele, Lea, Flood 2014): every input bit reaches every output bit.
std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

}  // namespace

double rendezvous_score(SlotId slot, NodeId node, std::uint32_t weight) {
  if (weight == 0) return 0;
  // Big-endian reads: nodes of either byte order must agree.
  const std::uint64_t head = read_be64(node.view());
  const std::uint64_t tail = read_be64(node.view(), 8);
  const std::uint64_t h = mix(mix(head ^ mix(slot + 0x9e3779b97f4a7c15U)) + tail);
  const double unit = (static_cast<double>(h >> 11) + 0.5) * 0x1.0p-53;  // never 0 or 1
  return -static_cast<double>(weight) / std::log(unit);
}

}  // namespace gridmail
