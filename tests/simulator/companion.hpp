// Companion: what runs on a simulated node's GridCore in one life of the node: the ledger, or mail as on the
// daemon's.
#pragma once
#include <asio/any_io_executor.hpp>
#include <functional>
#include <memory>

#include "node/grid/grid_core.hpp"

namespace gridmail::sim {

/// Made when the core has been constructed, started after it. Destroyed before it: at a crash only once every
/// coroutine of the node has unwound.
class Companion {
 public:
  virtual ~Companion() = default;
  /// An error stops the node.
  [[nodiscard]] virtual Task<Result<void>> start() = 0;
  // The core's hooks.
  virtual void on_map(const MapPtr& map) = 0;
  virtual void on_push(NodeId from, Bytes payload) = 0;
  virtual void on_intake(NodeId from, Bytes payload) = 0;
  virtual void on_egress(NodeId from, Bytes payload) = 0;
  virtual void on_verified(BytesView payload) = 0;
};

/// The node's ports; all outlive the companion.
struct CompanionParts {
  GridCore& core;
  Clock& clock;
  Random& random;
  Network& network;
  Store& store;
  asio::any_io_executor executor;
};
using MakeCompanion = std::function<std::unique_ptr<Companion>(const CompanionParts&)>;

}  // namespace gridmail::sim
