// IntakeOffer: one record on its way to other nodes' journals, in pieces, until the first of them has stored
// it.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "node/base/network.hpp"
#include "node/runtime/timer.hpp"
#include "storage/queue/intake_journal.hpp"

namespace gridmail {

/// On the intake's strand. A pure state machine but for what it sends.
class IntakeOffer {
 public:
  /// `record` as the taker is to keep it.
  IntakeOffer(Network& network, asio::any_io_executor strand, IntakeId id, const queue::IntakeRecord& record,
              const std::vector<Bytes>& chunks);

  /// Sends the first window of pieces.
  void ask(NodeId node);
  /// Sends again what nobody has acknowledged.
  void repeat();
  void on_taken(NodeId from, std::uint32_t index);
  void on_stored(NodeId from);
  /// Nobody need store it any more: whoever offers it cannot keep it.
  void withdraw();

  /// The first that has the whole record on stable storage.
  [[nodiscard]] std::optional<NodeId> stored_by() const { return stored_by_; }
  [[nodiscard]] bool is_withdrawn() const { return withdrawn_; }
  [[nodiscard]] std::vector<NodeId> asked() const;
  /// Set whenever stored_by() or is_withdrawn() may have changed.
  [[nodiscard]] const std::shared_ptr<Event>& changed() const { return changed_; }

 private:
  struct Taker {
    std::vector<bool> taken;    ///< by piece
    std::size_t sent = 0;       ///< pieces [0, sent) have been sent
    std::size_t under_way = 0;  ///< of these, not yet taken
  };
  void send_more(NodeId node, Taker& taker);

  Network& network_;
  std::vector<Bytes> messages_;  ///< one per piece, ready to be sent
  std::map<NodeId, Taker> takers_;
  std::optional<NodeId> stored_by_;
  bool withdrawn_ = false;
  std::shared_ptr<Event> changed_;
};

/// Sends a small intake message.
void send_intake(Network& network, NodeId to, const queue::IntakeMessage& message);

}  // namespace gridmail
