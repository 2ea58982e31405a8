// RemoteDelivery: the port through which the queue reaches other mail systems, and senders.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "node/base/store.hpp"
#include "node/runtime/allowance.hpp"
#include "storage/queue/queue.pb.h"

namespace gridmail {

/// Thread-safe; must outlive its calls.
class RemoteDelivery {
 public:
  virtual ~RemoteDelivery() = default;

  /// Whatever is sent to the same next hop shares its lanes.
  [[nodiscard]] virtual Task<std::string> next_hop(std::string destination) const = 0;

  /// A message in memory, of which there is a limited amount.
  struct HeldBody {
    Bytes bytes;
    Allowance::Share share{nullptr, 0};
  };
  struct Sending {
    queue::Message message;
    queue::Parcel parcel;
    /// The message itself, asked for when the next hop has answered, so that what waits for a silent one
    /// takes no memory. An error: it cannot be sent now.
    std::function<Task<Result<HeldBody>>()> body;
    /// Asked last before the remote is told that the message is complete: false when another node sends it
    /// by now, or an administrator has taken it away.
    std::function<Task<bool>()> may_finish;
  };
  struct Sent {
    std::vector<queue::Outcome> outcomes;  ///< of every recipient
    bool reached = false;                  ///< the next hop speaks SMTP with us
  };
  /// One attempt, bounded in time. Throws on cancellation only.
  [[nodiscard]] virtual Task<Sent> send(std::shared_ptr<const Sending> what) = 0;

  struct Reporting {
    queue::Message message;  ///< what is reported about
    queue::Report report;
    Bytes original;      ///< of the message: all, or its header section
    bool whole = false;  ///< it is all
  };
  /// Tells the message's sender, once for each GUID. Errors: temporary ones; any other: nobody can be told.
  [[nodiscard]] virtual Task<Result<void>> report(std::shared_ptr<const Reporting> what) = 0;
};

}  // namespace gridmail
