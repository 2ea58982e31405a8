// LoadBook: how busy each slot is, as its primary measured it: a rate of requests and writes that decays
// within a minute. Each node tells all others of its slots now and then, so that all plan primaries by the
// same figures, and a slot's figure stays when its primary changes.
//
// Thread-safe: slots on any strand count into it.
#pragma once
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "gossip/register/map.hpp"
#include "node/base/clock.hpp"

namespace gridmail {

/// What a node tells of its disk, for whoever plans to give it slots.
struct DiskState {
  std::uint64_t stored_bytes = 0;  ///< by its store
  std::uint64_t free_bytes = 0;    ///< above the reserve
  std::uint32_t lost_slots = 0;    ///< of which it has lost records that it does not have again yet
  Duration stalled{0};             ///< how long a write to it has been under way that has not ended
  WallMicros unread_since = 0;     ///< as its scrub's ScrubBook says
  bool operator==(const DiskState&) const = default;
};

class LoadBook {
 public:
  static constexpr Duration decay = std::chrono::seconds(60);
  static constexpr double request_cost = 1;
  static constexpr double bytes_of_one_request = 16 * 1024;  ///< writing so much costs as much as a request

  /// Something was done for this slot here, as its primary.
  void note(SlotId slot, double cost, TimePoint now);

  /// What this node tells the others.
  [[nodiscard]] Bytes report(const Map& map, NodeId self, const DiskState& disk, TimePoint now,
                             WallMicros wall);
  /// `now` is this node's.
  void on_report(NodeId from, BytesView payload, TimePoint now);

  /// Of every row, per second, by the newest figures of its primary.
  [[nodiscard]] std::vector<double> loads(const Map& map, NodeId self, TimePoint now) const;
  /// Of those that told of it.
  [[nodiscard]] std::map<NodeId, DiskState> disks() const;

  struct Heard {
    TimePoint at;         ///< by this node's clock
    WallMicros wall = 0;  ///< what its own wall clock said, less what the way took
  };
  /// The last report of each other node.
  [[nodiscard]] std::map<NodeId, Heard> heard() const;

 private:
  /// A rate, exact for a steady stream: each cost counts for `decay`, fading.
  struct Meter {
    double rate = 0;  ///< per second, at `at`
    TimePoint at;
    bool own = false;  ///< this node is primary, and measures
    [[nodiscard]] double rate_at(TimePoint now) const;
  };
  void take_over(SlotId slot, TimePoint now);

  mutable std::mutex mutex_;
  std::vector<Meter> meters_;  ///< of this node's slots, by slot
  std::vector<double> told_;   ///< by the others, by slot
  std::map<NodeId, DiskState> disks_;
  std::map<NodeId, Heard> heard_;
};

}  // namespace gridmail
