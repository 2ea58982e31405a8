// UidSet: which messages of a mailbox, as runs; a client with 100,000 messages costs a few bytes.
#pragma once
#include <cstddef>
#include <vector>

#include "node/base/ids.hpp"

namespace gridmail {

/// Ascending, disjoint, not adjacent runs of UIDs, both ends included.
class UidSet {
 public:
  struct Run {
    Uid first;
    Uid last;
    bool operator==(const Run&) const = default;
  };
  void add(Uid uid) { add(uid, uid); }
  void add(Uid first, Uid last);
  void remove(Uid uid);
  [[nodiscard]] bool contains(Uid uid) const;
  [[nodiscard]] const std::vector<Run>& runs() const { return runs_; }
  [[nodiscard]] bool empty() const { return runs_.empty(); }
  [[nodiscard]] std::size_t count() const;
  /// 1-based rank of `uid`, or 0 when it is not in the set: a message sequence number.
  [[nodiscard]] std::size_t rank(Uid uid) const;
  /// The uid of 1-based rank `rank`, or 0 when there is none.
  [[nodiscard]] Uid at_rank(std::size_t rank) const;
  [[nodiscard]] Uid last() const { return runs_.empty() ? 0 : runs_.back().last; }
  [[nodiscard]] UidSet intersect(const UidSet& other) const;
  bool operator==(const UidSet&) const = default;

 private:
  std::vector<Run> runs_;
};

}  // namespace gridmail
