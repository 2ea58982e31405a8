// Scrub: reads everything that the slots of this node hold, round after round, slowly, so that a record that
// has rotted is found while another copy of it is sound. The primary of a slot compares it with its other
// copies (SlotComparison); whoever reads what the disk cannot give back is told by the store.
//
// One slot at a time, throttled, and slower while clients write, but as fast as rounds must be (ScrubBook).
// How far a slot is stands in the slot itself, so that whoever is primary goes on, also after a restart. A
// slot that should have other copies and has none just now stays due; a round that was asked for is over
// without it.
//
// A slot one of whose copies lost records does not wait for its turn: it is gone through at once, by a task
// of its own, and what it lacks is put back (Slot, "Mending").
#pragma once
#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "node/runtime/timer.hpp"
#include "storage/replication/scrub_book.hpp"
#include "storage/replication/slot_table.hpp"

namespace gridmail {

/// For people and metrics; of this node since it started.
struct ScrubReport {
  struct Mended {
    SlotId slot = 0;
    Bytes key;
    WallMicros at = 0;
  };
  std::uint64_t keys = 0, bytes = 0;  ///< compared
  std::uint64_t mended = 0;           ///< keys that differed
  std::size_t slots_due = 0;          ///< whose primary is here, and whose round is not over
  std::size_t slots_waiting = 0;      ///< of these, when nothing else is left of a round that was asked for
  std::optional<SlotId> slot;         ///< under way
  WallMicros oldest = 0;              ///< when the slot longest ago was last gone through; 0: one never was
  WallMicros unread_since = 0;        ///< as ScrubBook says
  std::vector<Mended> last_mended;    ///< a few
  std::uint32_t lost_slots = 0;       ///< of which the disk here has lost records
};

/// Lifecycle: construct → spawn run(), which must be joined before destruction.
class Scrub {
 public:
  /// `replica`: the slot number under which this node's own replica of the directory lies.
  Scrub(ReplicationContext& context, SlotTable& table, SlotId replica, const asio::any_io_executor& executor)
      : context_(context),
        table_(table),
        replica_(replica),
        woken_(std::make_shared<Event>(executor)),
        has_to_mend_(std::make_shared<Event>(executor)) {}

  /// On the executor given. All end by cancellation only. The second mends, the third keeps account of what
  /// the disk has lost.
  [[nodiscard]] static Task<void> run(Scrub* self);
  [[nodiscard]] static Task<void> mend_copies(Scrub* self);
  [[nodiscard]] static Task<void> count_losses(Scrub* self);
  /// Every slot whose primary is here is due now, and is gone through without yielding. Thread-safe.
  void begin_round();
  /// Soon; it is asked again while something is left to mend. Thread-safe.
  void mend(SlotId slot);
  /// Thread-safe.
  [[nodiscard]] ScrubReport report() const;

 private:
  struct Progress;
  [[nodiscard]] Task<void> pass(const Map& map);
  [[nodiscard]] static Task<void> look_at(Scrub* self, SlotId id, bool scrub_it);
  [[nodiscard]] Task<bool> go_through(std::shared_ptr<Slot> slot, Progress& progress);
  [[nodiscard]] static Task<void> mend_copy(Scrub* self, SlotId id);
  [[nodiscard]] bool is_mending(SlotId slot) const;
  [[nodiscard]] bool is_here(SlotId slot) const;
  [[nodiscard]] Task<void> read_all(Family family, SlotId slot);
  [[nodiscard]] Task<void> pause_after(std::size_t bytes);
  [[nodiscard]] Task<void> pause_after_mending(std::size_t bytes);
  [[nodiscard]] bool lacks_others(const Slot& slot) const;
  [[nodiscard]] Duration round() const;
  [[nodiscard]] bool is_due(WallMicros finished) const;
  [[nodiscard]] bool may_be_due(SlotId slot) const;
  struct Due {
    std::size_t all = 0;
    std::size_t waiting = 0;  ///< for other copies
  };
  [[nodiscard]] Due count_due() const;
  void note(SlotId slot, std::size_t keys, std::size_t bytes, const std::vector<Bytes>& mended);
  void note_under_way(std::optional<SlotId> slot);

  ReplicationContext& context_;
  SlotTable& table_;
  const SlotId replica_;
  const std::shared_ptr<Event> woken_, has_to_mend_;
  std::atomic<WallMicros> due_before_{0};  ///< what was finished before is due, whatever the round
  std::atomic<bool> asked_for_{false};     ///< the present round: it does not yield
  mutable std::mutex mutex_;
  ScrubReport report_;  // guarded by mutex_, as is book_
  ScrubBook book_;
  std::set<SlotId> to_mend_;
};

}  // namespace gridmail
