// The two sides on which mailbox, directory and queue code meets replication: SlotAccess and SlotService at a
// slot's primary, SlotClient everywhere else.
#pragma once
#include <asio/any_io_executor.hpp>
#include <memory>
#include <string>

#include "gossip/register/map.hpp"
#include "node/base/clock.hpp"
#include "node/base/store.hpp"
#include "storage/replication/operation.hpp"

namespace gridmail {

/// One slot at this node while it is its opened primary. A new object per epoch; kept by shared_ptr, so that
/// an old one outlives its epoch harmlessly: everything then answers not_primary. On the slot's strand.
class SlotAccess {
 public:
  virtual ~SlotAccess() = default;
  [[nodiscard]] virtual SlotId slot() const = 0;
  [[nodiscard]] virtual Epoch epoch() const = 0;
  /// The slot's strand.
  [[nodiscard]] virtual asio::any_io_executor executor() const = 0;
  /// Whether an answer may be given now: opened, and under a lease from every other copy. To be asked after
  /// the data was read and before it is sent. Errors: not_primary, unavailable.
  [[nodiscard]] virtual Result<void> may_answer() const = 0;
  /// Whether any operation ever came to the slot; until one has, there is nothing to read.
  [[nodiscard]] virtual bool was_written() const = 0;
  /// Committed state of this node. Other slots' keys are visible too, but mean nothing.
  [[nodiscard]] virtual std::shared_ptr<const Snapshot> snapshot() const = 0;
  /// Returns once the operation is on stable storage on every in-sync and joining copy and applied here.
  /// Operations of one slot commit in the order of these calls. Errors: not_primary and unavailable (outcome
  /// unknown: the caller retries under the same GUID, wherever the slot is then), no_space, io.
  [[nodiscard]] virtual Task<Result<void>> commit(Operation operation) = 0;
};
using SlotAccessPtr = std::shared_ptr<SlotAccess>;

/// What a request is for. Wire format: never reused.
enum class ServiceId : std::uint8_t { mailbox = 1, directory = 2, queue = 3, canary = 4 };

/// Answers requests for the slots whose opened primary this node is. One object per ServiceId and node,
/// shared by all slots: its state per slot is touched on that slot's strand only.
class SlotService {
 public:
  virtual ~SlotService() = default;
  /// `from` is the asking node. The answer's bytes are the service's own; an error travels to the asker as it
  /// is. Runs on the slot's strand; may suspend; several run interleaved.
  [[nodiscard]] virtual Task<Result<Bytes>> handle(SlotAccessPtr slot, NodeId from, Bytes request) = 0;
  /// The slot was opened here (the directory's service hears of the directory's slot only): a chance to go on
  /// with its outbox. On the slot's strand; must not block.
  virtual void opened(SlotAccessPtr slot) { (void)slot; }
  /// This node is no longer the slot's opened primary. Forget what is kept in memory for it.
  virtual void closed(SlotId slot) { (void)slot; }
};

/// Asks a slot's primary, wherever it is. Thread-safe; resumes on the caller's executor.
class SlotClient {
 public:
  virtual ~SlotClient() = default;
  struct Options {
    Duration wait_max = std::chrono::seconds(15);  ///< for the slot to become available, retries included
    /// Give up with unavailable as soon as a node that a write needs gave no sign of life for 1 s, or the
    /// primary refused for 1 s: what SMTP does, which has the intake to turn to.
    bool only_if_alive = false;
    bool bulk = false;  ///< large answers travel on the bulk channel
  };
  /// Sends the request, again after every failure that leaves the outcome unknown, until it is answered or
  /// time is up: so a request that changes something must carry a GUID and be applied once. Errors: those of
  /// the service; unavailable after `wait_max`.
  [[nodiscard]] virtual Task<Result<Bytes>> call(SlotId slot, ServiceId service, Bytes request,
                                                 Options options) = 0;
  [[nodiscard]] Task<Result<Bytes>> call(SlotId slot, ServiceId service, Bytes request) {
    return call(slot, service, std::move(request), Options{});
  }
  /// The slot that holds `key`.
  [[nodiscard]] virtual SlotId slot_for(BytesView key) const = 0;
  [[nodiscard]] virtual MapPtr map() const = 0;
};

/// One-way hints from a primary to a front ("MODSEQ is n"): may be lost.
class PushSender {
 public:
  virtual ~PushSender() = default;
  virtual void push(NodeId to, Bytes payload) = 0;
};

}  // namespace gridmail
