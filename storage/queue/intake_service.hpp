// IntakeService: takes messages for slots that are unavailable, keeps each on two nodes, and hands it over
// when the slot is back (design, section 3, intake, and section 5, GUIDs).
#pragma once
#include <asio/strand.hpp>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "node/base/network.hpp"
#include "node/base/random.hpp"
#include "node/runtime/allowance.hpp"
#include "node/runtime/task_group.hpp"
#include "storage/queue/intake_assembly.hpp"
#include "storage/queue/intake_journal.hpp"
#include "storage/queue/intake_offer.hpp"
#include "storage/queue/queue_client.hpp"
#include "storage/queue/user_delivery.hpp"

namespace gridmail {

/// Older records are kept and listed, and never delivered by themselves: the mailboxes' memory of GUIDs ends
/// later.
inline constexpr Duration intake_delivered_max = std::chrono::hours(24 * 14);

/// How long another node is waited for that takes a record, too. Who is slow is not who is silent: a sender
/// is sent away at once only where there is nobody to talk to.
struct IntakePatience {
  TimePoint silent;  ///< until then where no other node gives a sign of life
  TimePoint slow;    ///< until then where one does, whose disk is busy
};

/// Thread-safe; its state is touched on a strand of its own. Lifecycle: start() → stop() → destruction; the
/// ports and clients must outlive it.
///
/// A record has two holders. The first (the front, or who last looked for a peer) hands it over, again and
/// again with pauses. The second asks it now and then whether the record can go, and hands it over itself
/// when the first is gone or takes long: the slot takes a GUID once. Whoever has seen it committed tells the
/// other to drop it.
class IntakeService {
 public:
  struct Ports {
    NodeId self;
    asio::any_io_executor executor;
    Clock& clock;
    Random& random;
    Network& network;
    Store& store;
    SlotClient& slots;  ///< for the map's members
    UserDelivery& deliveries;
    QueueClient& queue;
    std::function<bool(NodeId)> alive;  ///< gossip's hint; called on the strand
    /// The disk's reserve is reached, of that node or of this one; likewise. Empty: nowhere.
    std::function<bool(NodeId)> full = {};
  };
  explicit IntakeService(Ports ports);

  /// Reads the journal and goes on where it was. Until then nothing is taken in.
  [[nodiscard]] Task<Result<void>> start();
  [[nodiscard]] Task<void> stop();

  /// Success: on stable storage here and on one other node; here alone, until another is found, where the
  /// grid's copies_min is 1 and no other stored it in time. `recipients` have their GUIDs; with `entry` they
  /// go into that queue entry, otherwise to their mailboxes. `body` must outlive the call. Errors:
  /// unavailable (no other node stored it in time; nothing is kept), io, no_space (here).
  [[nodiscard]] Task<Result<void>> accept(queue::Message message, std::vector<queue::Recipient> recipients,
                                          std::optional<QueueEntryId> entry, const MessageBody& body,
                                          IntakePatience patience);

  /// A message of MessageKind::intake.
  void on_message(NodeId from, Bytes payload);

  /// This node's journal.
  [[nodiscard]] Task<std::vector<queue::Summary>> list_here();
  [[nodiscard]] Task<std::size_t> count_here();
  // For people: about the journals of all nodes that live, asked at once and waited for 2 s. A record is
  // named once, though two nodes hold it.
  [[nodiscard]] Task<std::vector<queue::Summary>> list();
  /// Hands it over now, also when it is over 14 days old. Errors: not_found.
  [[nodiscard]] Task<Result<void>> retry(IntakeId id);
  /// Drops it. A holder that is away now would hand it over when it is back. Errors: not_found.
  [[nodiscard]] Task<Result<void>> remove(IntakeId id);

 private:
  /// A record in the journal. Its recipients and bytes stay on disk.
  struct Held {
    std::optional<NodeId> peer;
    bool second = false;
    WallMicros accepted = 0;
    TimePoint since;  ///< held by this run of the program
    std::optional<TimePoint> peer_missed_since;
    TimePoint due;
    Duration pause{0};
    bool busy = false;     ///< a task is at it
    bool dropped = false;  ///< meanwhile
    bool expired = false;
    bool wanted = false;  ///< somebody has asked for it to be handed over, expired or not
  };
  using OfferPtr = std::shared_ptr<IntakeOffer>;
  struct OwnWrite;

  // Taking in (intake_service.cpp).
  [[nodiscard]] Task<Result<void>> take_in(queue::IntakeRecord record, std::vector<Bytes> chunks,
                                           IntakePatience patience);
  [[nodiscard]] Task<void> write_own(queue::IntakeRecord record, std::vector<Bytes> chunks,
                                     std::shared_ptr<OwnWrite> outcome, OfferPtr offer);
  [[nodiscard]] Task<std::optional<NodeId>> find_taker(OfferPtr offer, std::optional<NodeId> excluded,
                                                       IntakePatience patience);
  [[nodiscard]] bool is_over(const IntakePatience& patience, const std::vector<NodeId>& nodes) const;
  [[nodiscard]] bool is_full(NodeId node) const { return ports_.full && ports_.full(node); }
  [[nodiscard]] bool can_take(NodeId node) const { return ports_.alive(node) && !is_full(node); }
  void give_up(IntakeId id, const IntakeOffer& offer, OwnWrite& own);
  [[nodiscard]] std::vector<NodeId> candidates(std::optional<NodeId> excluded);
  [[nodiscard]] Task<Result<void>> recover();

  // Messages (intake_messages.cpp).
  [[nodiscard]] Task<void> take_message(NodeId from, Bytes payload);
  [[nodiscard]] Task<void> take_piece(NodeId from, IntakeId id, queue::Piece piece);
  [[nodiscard]] Task<void> take_drop(IntakeId id);
  [[nodiscard]] Task<void> take_spare(IntakeId id);
  void tell_stored(NodeId to, IntakeId id);
  void tell_drop(NodeId to, IntakeId id, bool spare = false);
  [[nodiscard]] Task<void> let_go(IntakeId id);

  // What people ask (intake_questions.cpp).
  struct Asking;
  using Found = std::vector<queue::Summary>;
  [[nodiscard]] Task<Found> ask(queue::Question::Wish wish, std::optional<IntakeId> id);
  [[nodiscard]] Task<Found> ask_on_strand(queue::Question::Wish wish, std::optional<IntakeId> id);
  [[nodiscard]] Task<void> answer(NodeId from, queue::IntakeMessage message);
  [[nodiscard]] Task<Found> fulfil(queue::Question::Wish wish, std::optional<IntakeId> id);
  void take_answer(NodeId from, queue::Answer answer);

  // Handing over (intake_hand_over.cpp).
  struct HandOver;
  void hold(IntakeId id, Held held);
  void schedule(IntakeId id, Duration pause);
  [[nodiscard]] Task<void> run();
  [[nodiscard]] Task<void> look_at(IntakeId id);
  [[nodiscard]] bool is_first_at_work(const Held& held) const;
  void ask_whether_finished(IntakeId id);
  [[nodiscard]] Task<bool> hand_over(IntakeId id);
  [[nodiscard]] Task<Result<bool>> hand_over_to_users(queue::IntakeRecord record,
                                                      std::shared_ptr<const MemoryBody> body);
  [[nodiscard]] Task<void> deliver(std::shared_ptr<HandOver> lot, std::size_t index);
  [[nodiscard]] Task<void> drop(IntakeId id);
  [[nodiscard]] bool needs_peer(Held& held) const;
  [[nodiscard]] Task<void> find_peer(IntakeId id);
  void remember_finished(IntakeId id);

  Ports ports_;
  asio::strand<asio::any_io_executor> strand_;
  IntakeJournal journal_;
  Allowance body_bytes_;
  bool recovered_ = false;
  std::map<IntakeId, Held> held_;
  std::set<std::pair<TimePoint, IntakeId>> due_;
  std::size_t looked_at_now_ = 0;
  std::shared_ptr<Event> wake_;
  std::map<IntakeId, OfferPtr> offers_;
  IntakeAssembly assembly_;
  /// Taken, not yet on stable storage; true: two others hold it meanwhile.
  std::map<IntakeId, bool> storing_;
  std::set<IntakeId> finished_;  ///< handed over or given up by this run of the program; bounded
  std::deque<IntakeId> finished_order_;
  std::map<std::uint64_t, std::shared_ptr<Asking>> asking_;
  std::uint64_t questions_ = 0;
  TaskGroup tasks_{"intake"};
};

}  // namespace gridmail
