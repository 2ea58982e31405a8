// Slot: this node's part in one slot: its copy, and its role as primary or other copy in the present epoch
// (design, section 5). It orders and commits; what the keys mean is for the services.
//
// Strand: everything, private and public, runs on the slot's executor. Ownership: SlotTable, by shared_ptr;
// callbacks of store and clock hold weak pointers, so that a dropped slot is never called. Cancelled by
// close().
#pragma once
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "gossip/register/map.hpp"
#include "node/base/clock.hpp"
#include "node/base/network.hpp"
#include "node/base/random.hpp"
#include "node/runtime/task_group.hpp"
#include "storage/replication/combination.hpp"
#include "storage/replication/copy.hpp"
#include "storage/replication/fill_budget.hpp"
#include "storage/replication/key_watch.hpp"
#include "storage/replication/leases.hpp"
#include "storage/replication/load_book.hpp"
#include "storage/replication/plan_keeper.hpp"
#include "storage/replication/slot_access.hpp"
#include "storage/replication/slot_plan.hpp"

namespace gridmail {

/// Rules broken on purpose, to show that the simulator's checkers bite. All false outside tests.
struct DeliberateFaults {
  bool no_fence = false;         ///< copies take entries of any epoch
  bool primary_first = false;    ///< the primary applies before the others have it
  bool no_lease_wait = false;    ///< copies serve a new primary at once
  bool no_read_lease = false;    ///< primaries answer without a lease
  bool resume = false;           ///< a restarted primary goes on in its old epoch
  bool no_joining_ack = false;   ///< commits do not wait for joining copies
  bool early_whole = false;      ///< a joining copy is named in sync before its gap is closed
  bool ignore_refusal = false;   ///< a primary removes a copy that knows more than it does
  bool trust_suspects = false;   ///< a copy on a damaged disk may be primary like any other
  bool trust_old_disks = false;  ///< what an old disk holds counts
  bool combine_early = false;    ///< copies are combined before all have said what they hold
  bool no_scrub = false;         ///< copies are never compared
  bool no_mending = false;       ///< a copy that lost records counts without being compared
  bool serve_damaged = false;    ///< a primary that lost records serves before others are asked for them
  bool endless_lent = false;     ///< leases that came with an opening never end
};

struct ScrubSettings {
  Duration day = std::chrono::hours(24);          ///< of the grid's setting
  Duration look_every = std::chrono::minutes(5);  ///< for slots that are due
  Duration keep_every = std::chrono::minutes(5);  ///< how far a slot is
  double rate = 4e6;                              ///< bytes per second, one slot at a time
  double busy_rate = 5e5;                         ///< while clients write
  double mend_rate = 4e7;                         ///< of copies that lost records; `rate` while clients write
};

struct ReplicationSettings {
  Duration dead_after = std::chrono::milliseconds(2500);    ///< silence after which a copy is replaced
  Duration alive_within = std::chrono::milliseconds(1000);  ///< heard of this recently: may be given work
  Duration stuck_after = std::chrono::milliseconds(2500);   ///< a write unacknowledged for this long
  Duration lost_after = std::chrono::seconds(5);     ///< all in-sync copies silent: what is left is combined
  Duration resend = std::chrono::milliseconds(300);  ///< of what was not answered
  Duration tick = std::chrono::milliseconds(100);
  Duration fill_delay = std::chrono::seconds(30);        ///< a lost copy may come back within
  Duration suspect_patience = std::chrono::minutes(10);  ///< for a sound copy, before a suspect one opens
  std::size_t log_away_bytes = 64 * 1024 * 1024;  ///< about; of a slot one of whose copies is away or joins
  std::size_t log_keep = 10'000;                  ///< entries of a slot whose copies are all in place
  std::size_t open_bytes = 1024 * 1024;           ///< of the tail, in one message of an opening
  std::size_t window_bytes = 8 * 1024 * 1024;     ///< of a slot's operations on their way to other copies
  std::size_t window_operations = 512;            ///< likewise
  std::size_t pending_bytes_max = 64 * 1024 * 1024;  ///< of those that wait for the window, too
  std::size_t moves_max = 1024;     ///< planned movements of copies that a node's primaries have under way
  std::size_t handovers_max = 128;  ///< roles a node gives away at once: each slot stands still for a moment
  FillSettings fill;
  PlanSettings plan;
  ScrubSettings scrub;
  DeliberateFaults sabotage;
};

/// What all slots of a node share. Its parts are thread-safe and outlive the slots.
struct ReplicationContext {
  NodeId self;
  Clock& clock;
  Random& random;
  Network& network;
  Store& store;
  Leases& leases;
  DiskMarks& marks;
  TaskGroup& tasks;
  ReplicationSettings settings;
  std::vector<std::pair<ServiceId, SlotService*>> services;  ///< told of openings and closings
  std::function<void(SlotChange)> propose;                   ///< sent to the register; may come to nothing
  std::function<void(Error)> fail_stop;                      ///< the disk failed: the node must stop
  std::function<bool()> low_space;                           ///< the disk's reserve is reached
  std::function<bool()> very_low_space;                      ///< half of it is used up
  std::function<bool()> is_behind;         ///< too much waits for the disk: nothing more is taken in
  std::function<NodeSet()> dead_for_long;  ///< by gossip
  std::function<void(SlotId)> mend;        ///< a copy of this slot, whose primary is here, lost records
  /// The disk here was compared with what a majority of the voters remember of it: before, this node leads
  /// nothing.
  std::atomic<bool> disk_checked{false};
  std::atomic<std::size_t> moves{0};
  std::atomic<std::size_t> handovers{0};
  FillBudget fill_budget{settings.fill};
  LoadBook loads{};
  std::atomic<std::uint64_t> operation_bytes{0};  ///< of all operations taken as primary
};

/// One slot's share of the placement plan, and by whom it goes.
struct SlotTarget {
  const SignsOfLife& signs;
  /// Another number whenever the signs, the map or the plan are others than at the last tick. Never zero.
  std::uint64_t surroundings = 0;
  /// This node is in touch with a majority of the voters: without, nothing it asks of the map makes sense.
  bool in_touch = false;
  const NodeSet* copies = nullptr;
  const NodeSet* stand_ins = nullptr;  ///< for copies that are lost; nothing: nobody is away
  std::optional<NodeId> primary;
};

class Slot : public std::enable_shared_from_this<Slot> {
 public:
  Slot(SlotId id, ReplicationContext& context, asio::any_io_executor executor);
  ~Slot();

  /// Reads the copy from disk, after the first on_map(); nothing else happens before that is done.
  [[nodiscard]] Task<Result<void>> load();
  /// Takes in the row of a newer map.
  void on_map(MapPtr map);
  void on_message(NodeId from, replication::SlotMessage message);
  /// To be called every settings.tick: resends, asks for changes of the map, goes on filling.
  void tick(const SlotTarget& target);
  /// tick() would find nothing to do, and nothing has changed since it last did.
  [[nodiscard]] bool is_settled(std::uint64_t surroundings) const { return settled_in_ == surroundings; }
  /// Ends the role; pending operations fail.
  void close();

  /// The slot as its opened primary's services see it; null when this node is not that.
  [[nodiscard]] SlotAccessPtr access() const;
  /// Likewise, as the comparison of copies sees it, before services do.
  [[nodiscard]] SlotAccessPtr access_to_mend() const { return access_; }
  [[nodiscard]] SlotId id() const { return id_; }
  [[nodiscard]] const SlotRow& row() const { return row_; }
  [[nodiscard]] const Copy& copy() const { return copy_; }
  /// Opened, and serving requests.
  [[nodiscard]] bool opened() const { return serving_; }
  /// The row names this node no more, and nothing is left on its disk: the object may go.
  [[nodiscard]] bool is_gone() const {
    return copy_.blank() && !copy_.disowned() && loaded_ && drops_ == 0 && !is_needed();
  }
  /// For people: what this node is doing for the slot.
  [[nodiscard]] std::string describe() const;
  /// Up to where this primary's operations are on stable storage everywhere, here too.
  [[nodiscard]] Position committed() const { return committed_; }

  // For the scrub, at the opened primary.
  using ScrubAnswered = std::function<void(replication::ScrubAnswer)>;
  /// The other in-sync copies.
  [[nodiscard]] std::vector<NodeId> others_to_compare() const;
  /// Notes the keys of all that is applied here, while it lives; instead of an earlier one.
  void watch_keys(std::weak_ptr<KeyWatch> watch) { watch_ = std::move(watch); }
  /// The last position applied here, or on its way to the disk.
  [[nodiscard]] Position applied() const { return copy_.position(); }
  /// An operation that is not applied yet writes this key.
  [[nodiscard]] bool is_about_to_write(Family family, const Bytes& key) const;
  /// One question at a time: the next one makes an answer to this one be dropped.
  void ask_to_compare(NodeId other, replication::ScrubAsk ask, ScrubAnswered answered);
  /// This primary's own disk lost records, and the other copy's lost none.
  [[nodiscard]] bool takes_word_of(NodeId other) const;
  /// A copy lost records, and was not compared since.
  [[nodiscard]] bool must_mend() const;
  /// The copies that are compared, and for damaged ones the start of their node.
  using Mending = std::map<NodeId, std::uint64_t>;
  [[nodiscard]] Mending begin_mending() const;
  [[nodiscard]] bool can_go_on(const Mending& mending) const;
  /// All was compared, in one epoch, and can_go_on() until now.
  void end_mending(const Mending& mending);

  // For Access.
  [[nodiscard]] Result<void> may_answer(Epoch epoch) const;
  void submit(Epoch epoch, Operation operation, std::function<void(Result<void>)> done);

 private:
  enum class Refusal : std::uint8_t { none, ahead, behind };
  /// Another copy, as the primary sees it in this epoch.
  struct Peer {
    bool opened = false;
    Refusal refusal = Refusal::none;  ///< of the opening: it knows more than the primary, or lacks something
    bool whole = false;               ///< and all it holds known to be committed: may be named in sync
    bool filling = false;
    bool no_room = false;      ///< on its disk, to be filled
    bool lost_thread = false;  ///< the log here no longer reaches back to where it is
    bool being_handed_a_piece = false;
    bool anew = false;          ///< it began with nothing
    std::uint64_t damaged = 0;  ///< its disk lost records: its node's start; 0: not known to
    std::optional<std::uint64_t>
        compared;  ///< from beginning to end, in this epoch: `damaged` as it was then
    Sequence acknowledged = 0;
    Position told;   ///< the commit position it was last sent
    TimePoint sent;  ///< when it was last sent something that wants an answer
    std::optional<TimePoint> waiting_since;
  };
  /// An operation on its way; in order.
  struct Pending {
    PlacedOperation entry;
    std::size_t bytes = 0;
    bool sent = false;      ///< within the window
    bool applying = false;  ///< every other copy has it; being made durable here
    TimePoint since;
    std::function<void(Result<void>)> done;
  };
  /// A promise to an earlier primary: no part is taken in another one's epoch before it is over.
  struct Wait {
    NodeId holder;
    Leases::Promise promise;
    Epoch epoch;
  };

  // slot.cpp: roles; slot_asks.cpp: what is asked of the map
  void take_row(const SlotRow& row);
  [[nodiscard]] bool is_needed() const;
  void drop_if_unneeded();
  void end_role();
  [[nodiscard]] bool must_wait(NodeId primary);
  [[nodiscard]] replication::SlotMessage message() const;
  void send(NodeId to, const replication::SlotMessage& message, Channel channel = Channel::operations);
  void write(Batch batch, std::function<void(Slot&)> then);
  [[nodiscard]] Batch trim_log();
  [[nodiscard]] bool plan(const SlotTarget& target);
  void notice_old_disk();
  /// In sync by the map, and nothing is here.
  [[nodiscard]] bool is_lost() const {
    return row_.in_sync.contains(context_.self) && copy_.blank() && !copy_.whole();
  }
  void note_losses(const SlotTarget& target);
  [[nodiscard]] bool is_at_rest() const;
  /// Shared loads: not given on before others' figures can have followed.
  [[nodiscard]] bool keeps_what_was_given(const SlotTarget& target, TimePoint now) const;
  void ask_for(const SlotStep& step);
  void count_in(std::atomic<std::size_t>* budget);

  // slot_opening.cpp
  void try_open();
  void send_open(NodeId to, Peer& peer, Sequence after);
  void on_open_more(NodeId from, Sequence after);
  void on_opened(NodeId from, const replication::Opened& opened);
  void on_refused(NodeId from, bool ahead);
  void finish_opening();
  void on_open(NodeId from, replication::SlotMessage message);
  [[nodiscard]] bool take_piece(NodeId from, replication::SlotMessage message);
  void answer_opened();
  void refuse(NodeId primary, bool ahead);

  // slot_primary.cpp
  void send_window();
  void resend_window(NodeId to, Peer& peer);
  void broadcast(const Pending& pending);
  void send_entry(NodeId to, Peer& peer, const Bytes& wire);
  void on_acknowledge(NodeId from, const replication::Acknowledge& acknowledge);
  [[nodiscard]] bool acknowledged_by_all(Sequence sequence) const;
  void apply_ready();
  void begin_service();
  [[nodiscard]] bool waits_for_records() const;
  [[nodiscard]] bool concerns(ServiceId service) const;
  void on_applied(Sequence sequence);
  void primary_tick();
  void fail_pending(Errc code);
  void carry_pending();
  [[nodiscard]] bool writes_allowed() const;
  [[nodiscard]] bool has_room_for(const Operation& operation) const;

  // slot_combine.cpp
  void on_combining_message(NodeId from, replication::SlotMessage message);
  void answer_holding(NodeId to, Sequence after);
  void combine_tick();
  void ask_holding(NodeId from, Sequence after);
  void on_holding(NodeId from, replication::Holding record);
  void combine_on();
  void finish_combining();
  void take_over_log(NodeId last);
  void ask_for_gap(const std::vector<Combination::Source>& sources);
  void on_combining_chunk(replication::FillChunk chunk);
  void write_step(Batch batch);

  // slot_scrub.cpp
  [[nodiscard]] bool can_compare(NodeId node, const Peer& peer) const;
  void on_damaged(NodeId from, Peer& peer, std::uint64_t start);
  void settle_losses();
  struct Held;
  void on_scrub_ask(NodeId from, replication::ScrubAsk ask, Position at);
  void on_scrub_answer(replication::ScrubAnswer answer);
  void send_scrub_answer(NodeId to, const replication::ScrubAsk& ask, replication::ScrubAnswer answer);
  [[nodiscard]] static Task<void> answer_scrub(std::shared_ptr<Slot> self, NodeId to, Epoch epoch,
                                               std::shared_ptr<const Held> held, replication::ScrubAsk ask);
  [[nodiscard]] static Task<Result<replication::ScrubAnswer>> digests_of(std::shared_ptr<const Held> held,
                                                                         const replication::ScrubAsk& ask);
  [[nodiscard]] static Task<Result<replication::ScrubAnswer>> values_of(std::shared_ptr<const Held> held,
                                                                        const replication::ScrubAsk& ask);

  // slot_suspect.cpp
  [[nodiscard]] bool is_suspect() const;
  void suspect_tick();
  void answer_compare(NodeId to);
  void on_standing(NodeId from, const replication::Standing& standing);
  [[nodiscard]] std::optional<NodeId> fittest(const SlotTarget& target) const;
  void trust_copy();

  // slot_fill.cpp
  void serve(NodeId from, replication::Fill at);
  void on_fill_request(NodeId from, replication::Fill at);
  [[nodiscard]] static Task<void> serve_fill(std::shared_ptr<Slot> self, NodeId to, Epoch epoch,
                                             replication::Fill at);
  [[nodiscard]] Task<Result<replication::FillChunk>> bulk_piece(replication::Fill at, std::size_t bytes_max);
  [[nodiscard]] Task<Result<replication::FillChunk>> delta_piece(replication::Fill at, std::size_t bytes_max);

  // slot_copy.cpp
  void on_entry(NodeId from, replication::Entry entry);
  void on_commit(Position commit);
  void acknowledge(bool resumed = false);
  void on_fill_chunk(replication::FillChunk chunk);
  void copy_tick();
  void tell_that_lost();
  void tell_that_resumed();
  void tell_that_unopened();
  void tell_that_damaged();
  void on_mended(std::uint64_t start);
  void ask_for_fill();
  [[nodiscard]] bool has_room_to_fill() const;
  void tell_that_no_room();

  const SlotId id_;
  ReplicationContext& context_;
  const asio::any_io_executor executor_;
  Copy copy_;
  bool loaded_ = false;
  MapPtr map_;
  SlotRow row_;
  Epoch restarted_epoch_ = 0;  ///< this node was primary of it in an earlier life: never resumed
  std::vector<Wait> waits_;
  std::optional<TimePoint> asked_;           ///< when a change of the row was last asked for
  std::optional<TimePoint> all_lost_since_;  ///< no in-sync copy gave a sign of life since then
  unsigned returns_ = 0;                     ///< how often one came back after all
  bool unfit_ = false;                       ///< as primary, this life was shown to lack something committed
  std::optional<Combining> combining_;
  std::map<NodeId, replication::Standing>
      standings_;  ///< of the other in-sync copies, while this one is suspect
  std::optional<TimePoint> suspect_since_;
  std::optional<TimePoint> compared_;
  std::atomic<std::size_t>* counted_in_ = nullptr;  ///< context_.moves or .handovers
  std::uint64_t settled_in_ = 0;  ///< surroundings in which nothing was left to do; zero: look again
  unsigned drops_ = 0;            ///< of the copy, on their way to the disk

  // primary
  bool opening_ = false;
  bool opened_ = false;
  bool handing_over_ = false;
  std::optional<TimePoint> given_at_;        ///< self was made primary by one that lives
  std::optional<SlotStep> hands_over_next_;  ///< once nothing is pending
  std::map<NodeId, Peer> peers_;
  Leases::Lent lent_;  ///< with the opening of this epoch
  std::deque<Pending> pending_;
  std::size_t pending_bytes_ = 0;
  std::size_t window_bytes_ = 0;  ///< of what is sent and not applied yet, and how many they are
  std::size_t window_operations_ = 0;
  Sequence sent_to_ = 0;  ///< the last operation sent in this epoch
  Position committed_;    ///< on stable storage everywhere, here too
  SlotAccessPtr access_;
  bool serving_ = false;  ///< services were told
  std::optional<TimePoint>
      held_back_;  ///< opened then, and services are not told: others may have what is lost
  std::optional<TimePoint> lost_since_;  ///< since when retired copies are waited for
  std::weak_ptr<KeyWatch> watch_;
  ScrubAnswered scrub_answered_;
  std::uint64_t scrub_asked_ = 0;
  std::optional<TimePoint> asked_to_mend_;

  // other copy
  std::optional<std::pair<NodeId, replication::SlotMessage>> open_stash_;
  std::optional<Copy::Opening> incoming_;     ///< what has come of an opening in pieces
  std::optional<Leases::Asked> lease_asked_;  ///< with the last opening of this epoch
  Sequence durable_ = 0;                      ///< entries up to here are on stable storage
  bool open_on_disk_as_copy_ = false;
  bool answers_scrub_ = false;
  std::optional<TimePoint> told_resumed_;   ///< likewise, that it was not opened; empty: not in this row
  std::optional<TimePoint> resumed_until_;  ///< restarted in this epoch: the primary is told what is here
  std::optional<TimePoint> fill_from_;
  std::optional<TimePoint> fill_asked_;
  bool fill_counted_ = false;
  Sequence whole_at_ = 0;  ///< what had been received when the gap was closed
};

}  // namespace gridmail
