// DigestSum: what waits in many places, in short: how much, since when, for which destinations.
#pragma once
#include <map>
#include <string>

#include "storage/queue/queue.pb.h"

namespace gridmail {

/// Pure. Grows with the destinations that it is told of; digests name the worst of them only, so that of many
/// slots' digests a destination that few wait for may be counted too low.
class DigestSum {
 public:
  void add(const queue::Digest& part);
  /// One entry.
  void add(const queue::Summary& entry);
  /// A slot without a name of its own was gone through.
  void add_slot() { sum_.set_slots(sum_.slots() + 1); }
  /// All, with so many destinations at most.
  [[nodiscard]] queue::Digest worst(std::size_t destinations_max) const;

 private:
  void add(const queue::Digest::Destination& part);

  queue::Digest sum_;  ///< without destinations
  std::map<std::string, queue::Digest::Destination> destinations_;
};

}  // namespace gridmail
