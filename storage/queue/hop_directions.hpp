// HopDirections: which next hop mail for a destination goes to, by which node, and what that node said of it.
#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "node/base/clock.hpp"
#include "node/base/ids.hpp"
#include "node/base/network.hpp"
#include "storage/queue/destination_lanes.hpp"
#include "storage/queue/remote_delivery.hpp"

namespace gridmail {

/// Which nodes send, and how they are reached.
struct Egress {
  NodeId self;
  Network& network;
  /// Those that live, as far as is known here, and send mail to other systems.
  std::function<std::vector<NodeId>()> nodes;
};

/// Thread-safe. What was found is taken to be so for a second.
class HopDirections {
 public:
  HopDirections(Clock& clock, const RemoteDelivery& remote, Egress egress)
      : clock_(clock), remote_(remote), egress_(std::move(egress)) {}

  struct Direction {
    std::string hop;
    std::optional<NodeId> node;  ///< nothing: no node sends now
    bool here = false;           ///< it is this one
  };
  [[nodiscard]] Task<Direction> find(std::string destination);

  /// What the hop's node said, if it takes nothing more for it now.
  [[nodiscard]] std::optional<HopPause> pause_of(const std::string& hop) const;
  void pause(const std::string& hop, Duration duration, bool rests);

 private:
  struct Found {
    Direction direction;
    TimePoint until;
  };
  Clock& clock_;
  const RemoteDelivery& remote_;
  const Egress egress_;
  mutable std::mutex mutex_;
  std::map<std::string, Found> found_;  ///< by destination
  std::map<std::string, HopPause> pauses_;
};

}  // namespace gridmail
