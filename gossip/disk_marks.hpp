// DiskMarks: finds out that a disk is an old one, a backup put back or a clone (design, section 5, "Old
// disks"). Each start of a node adds a mark to a list on its disk; every node remembers the newest mark of
// every other. Whoever misses a mark that a peer remembers holds an old disk: whatever is on it counts as
// lost, and it begins another life.
//
// How two nodes meet: each shows its newest mark, tells what it remembers of the other, and which memory of
// the other's it has found in its own list. A new mark is remembered only of a node that has checked the old
// one.
//
// Thread-safe. Lifecycle: construct → co_await load() → the rest.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "node/base/clock.hpp"
#include "node/base/ids.hpp"
#include "node/base/random.hpp"
#include "node/base/store.hpp"

namespace gridmail {

class DiskMarks {
 public:
  struct Mark {
    std::uint64_t start = 0;
    std::uint64_t chance = 0;
    auto operator<=>(const Mark&) const = default;
  };
  explicit DiskMarks(Store& store) : state_(std::make_shared<State>(store)) {}

  /// Adds this start's mark, and has it on the disk. `damaged`: something that was acknowledged may be
  /// missing there. Starts rise by the clock on the wall also where the disk has forgotten some. Errors: io,
  /// corrupted.
  [[nodiscard]] Task<Result<void>> load(WallMicros wall, Random& random, bool damaged);

  /// Of this start. Changes, and rises, when the disk is found to be an old one whose later starts had higher
  /// ones: whoever goes by the order of starts must not take this one for one of before.
  [[nodiscard]] Mark newest() const;
  /// How often this disk was found to be an old one. What was stored in an earlier life counts as lost.
  [[nodiscard]] std::uint64_t life() const;
  /// How often this disk was found damaged, this start included. What was stored before may lack its end.
  [[nodiscard]] std::uint64_t doubts() const { return state_->doubts; }

  // What is told to a peer.
  [[nodiscard]] std::optional<Mark> remembered(NodeId peer) const;
  [[nodiscard]] std::optional<Mark> checked(NodeId peer) const;

  // What a peer tells. True when it is worth an answer at once: something new is to be told.
  bool on_memory(NodeId peer, std::optional<Mark> of_this_node);
  bool on_mark(NodeId peer, Mark newest, std::optional<Mark> checked);

  /// What the peer remembers has been compared with this disk, in this start: what is stored here is as new
  /// as the peer knows, or counts as lost.
  [[nodiscard]] bool has_met(NodeId peer) const;
  /// The peer remembers this start of this node, on its disk.
  [[nodiscard]] bool is_known_to(NodeId peer) const { return checked(peer) == newest(); }
  /// This start of the peer is remembered, on this disk.
  [[nodiscard]] bool knows(NodeId peer, std::uint64_t start) const;

 private:
  /// Shared with writes under way.
  struct State {
    explicit State(Store& s) : store(s) {}
    Store& store;
    Mark newest;
    std::uint64_t doubts = 0;
    mutable std::mutex mutex;
    std::vector<Mark> own;
    std::uint64_t life = 0;
    std::map<NodeId, Mark> remembered;  ///< on the disk
    std::map<NodeId, Mark> noting;      ///< on its way there
    std::map<NodeId, Mark> checked;
    std::set<NodeId> met;
  };
  [[nodiscard]] static bool has(const State& state, Mark mark);
  [[nodiscard]] static Batch own_record(const State& state);

  std::shared_ptr<State> state_;
};

}  // namespace gridmail
