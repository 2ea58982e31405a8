// OverviewControl: what lies in many places, put together for people.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "node/base/clock.hpp"
#include "node/base/ids.hpp"
#include "node/base/result.hpp"
#include "node/base/store.hpp"

namespace gridmail::api {

/// One domain that messages wait for.
struct QueueDestination {
  std::string name;
  std::uint64_t entries = 0;
  WallMicros oldest = 0;
  std::uint32_t attempts = 0;  ///< of the message that was tried most often
  std::string last_error;      ///< of the same
};
/// All that waits, in short.
struct QueueSummary {
  std::uint64_t entries = 0, held = 0;
  WallMicros oldest = 0;                       ///< when that one was accepted; 0: nothing waits
  std::uint32_t slots = 0, slots_counted = 0;  ///< the directory's too; one that is away is not counted
  std::vector<QueueDestination> destinations;  ///< those that most waits for
  std::vector<NodeId> silent;                  ///< members that do not live, or did not answer in time
};

/// Something that happened to a node.
struct ChronicleRow {
  WallMicros at = 0;
  std::string what;  ///< such as "silent", "returned", "taken_over"
  NodeId node;
  std::string name;         ///< the node's, then
  std::uint32_t slots = 0;  ///< of a take-over
  std::vector<NodeId> by;   ///< who took over
  std::uint32_t seen_by = 0;
};
struct ChronicleAnswer {
  std::vector<ChronicleRow> rows;  ///< the newest first
  std::vector<NodeId> silent;
};

class OverviewControl {
 public:
  virtual ~OverviewControl() = default;
  /// Of all nodes that answer; waits 2 s for them. What is counted anew meanwhile is bounded: a queue of
  /// millions is gone through in several calls.
  [[nodiscard]] virtual Task<Result<QueueSummary>> queue_summary() = 0;
  /// As nodes remember it since they started; waits 1 s for them.
  [[nodiscard]] virtual Task<Result<ChronicleAnswer>> chronicle() = 0;
};

}  // namespace gridmail::api
