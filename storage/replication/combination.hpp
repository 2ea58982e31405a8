// Combination: how the copies that are left of a slot make a whole one, once its last in-sync copy is lost
// (design, section 5, "Combining"). Pure: a question over what each of them says it holds.
//
// Why it is right. Every commit of the last epochs was acknowledged by all in-sync and joining copies, and
// the copy that was opened last is one of them: whatever was committed is in its log, or came before it. So
// its log decides. What it lacks are entries known to be committed when it was opened, so those can be taken
// from any copy that has them; and what others hold beyond the end of what they share with it was never
// committed.
#pragma once
#include <map>
#include <optional>
#include <vector>

#include "node/base/clock.hpp"
#include "storage/replication/copy.hpp"
#include "storage/replication/operation.hpp"

namespace gridmail {

/// What one copy holds.
struct Holding {
  Epoch opened = 0;  ///< the epoch it was last opened in; 0: it holds nothing
  bool whole = false;
  std::optional<Position> complete_to;  ///< not whole: everything up to here, nothing when unset …
  Position base;                        ///< … and its log has every entry after this one
  Position position;
  Position commit;
  History history;
};
[[nodiscard]] Holding holding_of(const Copy& copy);

/// The next thing to do.
struct Combination {
  NodeId maker;           ///< which copy is to be made whole
  NodeId last;            ///< whose log decides: the one that was opened last
  bool finished = false;  ///< the maker is whole, and nobody was opened later
  bool take_log = false;  ///< first it takes over the last one's log, as if opened by it
  /// Then it fetches the keys touched in its gap: from each up to that sequence, in order.
  struct Source {
    NodeId node;
    Sequence to = 0;
  };
  std::vector<Source> sources;
};

/// To be asked again once the maker has done so. Nothing when what is left does not make a whole copy.
[[nodiscard]] std::optional<Combination> combine(const std::map<NodeId, Holding>& holdings);

/// The last position that both logs contain.
[[nodiscard]] Position shared_end(const Holding& one, const Holding& other);

/// What the copy that combines knows so far, in this epoch.
struct Combining {
  std::map<NodeId, Holding> holdings;
  std::map<NodeId, NodeId> opened_by;  ///< of each: the primary that opened it last
  std::optional<TimePoint> asked;
  std::optional<NodeId> tail_of;  ///< whose log is being taken over, and what has come of its tail
  std::vector<PlacedOperation> tail;
  std::optional<NodeId> heir;  ///< another copy is the one to be made whole
  bool writing = false;
  bool finished = false;
  bool hopeless = false;
};

}  // namespace gridmail
