// ChronicleService: keeps this node's chronicle, and puts those of all nodes together for whoever asks.
#pragma once
#include <functional>
#include <vector>

#include "gossip/survey.hpp"
#include "node/chronicle/chronicle.hpp"

namespace gridmail {

struct ChronicleReport {
  struct Seen {
    chronicle::Event event;
    std::uint32_t seen_by = 1;  ///< nodes
  };
  std::vector<Seen> events;    ///< the newest first
  std::vector<NodeId> silent;  ///< members that do not live, or did not answer in time
};

/// Thread-safe. The ports outlive it.
class ChronicleService {
 public:
  struct Ports {
    Clock& clock;
    Survey& survey;
    std::function<MapPtr()> map;
    std::function<bool(NodeId)> is_alive;
  };
  /// Before the survey's first message.
  explicit ChronicleService(Ports ports);

  /// Looks every second, for as long as the node runs.
  [[nodiscard]] Task<void> run();
  /// Takes 1 s at most.
  [[nodiscard]] Task<ChronicleReport> report();

 private:
  [[nodiscard]] Task<Result<Bytes>> answer();

  const Ports ports_;
  Chronicle chronicle_;
};

/// What several nodes saw is one event: of the time at which the first did. Pure.
[[nodiscard]] std::vector<ChronicleReport::Seen> combined(const std::vector<chronicle::Events>& answers);

}  // namespace gridmail
